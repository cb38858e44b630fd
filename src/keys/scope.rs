//! What a narrower key opens.

use std::fmt;
use std::str::FromStr;

/// What a key made with `centrium keys add NAME --scope …` opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// `/ws` only: fit for a screen on the wall.
    Live,
    /// What `API_TOKEN` opens, for reading only: GET requests, and `/ws`.
    Read,
    /// The external API, as `EXTERNAL_API_KEY` does.
    External,
}

impl Scope {
    /// Every scope, in the order in which help shows them.
    pub const ALL: [Self; 3] = [Self::Live, Self::Read, Self::External];

    /// The name on the command line and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Read => "read",
            Self::External => "external",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope is one of live, read, external")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(s: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == s).ok_or(UnknownScope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_is_read_back_from_its_name() {
        for scope in Scope::ALL {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert_eq!("root".parse::<Scope>(), Err(UnknownScope));
    }
}
