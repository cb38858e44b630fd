//! Keys that open the engine's own doors.
//!
//! The two main ones, `EXTERNAL_API_KEY` and `API_TOKEN`, come from the configuration, or are
//! generated at the first start and kept in `keys.env` in the data folder, several at once while
//! one replaces another. Narrower ones are made with `centrium keys add` and live in the
//! database, hashed; [`generate`], [`digest`] and [`Scope`] are theirs as well.

mod file;
mod manage;
mod ring;
mod scope;

use std::fmt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

pub use manage::{Dropped, Rotated, Shown, drop_old, rotate, show};
pub use ring::KeyRing;
pub use scope::{Scope, UnknownScope};

use crate::config::{Config, Source};

/// The main keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyName {
    /// Opens the external API.
    ExternalApiKey,
    /// Opens `/ws`, `/webhooks`, `/api/*` and `/metrics`.
    ApiToken,
}

impl KeyName {
    /// Both, in the order in which lists show them.
    pub const ALL: [Self; 2] = [Self::ExternalApiKey, Self::ApiToken];

    /// The variable's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExternalApiKey => "EXTERNAL_API_KEY",
            Self::ApiToken => "API_TOKEN",
        }
    }

    /// The keys that the configuration sets, and where; `None` when they are ours to make.
    fn configured(self, config: &Config) -> Option<(&[SecretString], &Source)> {
        let keys = match self {
            Self::ExternalApiKey => &config.external_api_key,
            Self::ApiToken => &config.api_token,
        };
        config.source(self.as_str()).map(|source| (keys.as_slice(), source))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for KeyName {
    type Err = KeyError;

    fn from_str(s: &str) -> Result<Self, KeyError> {
        Self::ALL
            .into_iter()
            .find(|name| name.as_str().eq_ignore_ascii_case(s))
            .ok_or(KeyError::UnknownName)
    }
}

/// A key that was just made. The caller prints it once, as `NAME=value`, to standard output.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Which key it is.
    pub name: KeyName,
    /// The key itself.
    pub value: String,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewKey({}=…)", self.name)
    }
}

impl fmt::Display for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

/// Why keys could not be read, kept or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file or its folder does not let us.
    #[error("The keys in {} can't be {action}: {source}.", .path.display())]
    File {
        /// "read" or "written".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what we wrote.
    #[error("{} at line {line} {rule}.", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// "must …".
        rule: &'static str,
    },
    /// The key is not ours to change.
    #[error(
        "{name} comes from {place}: change it there and restart, with the old key after the new one and a comma between them while both shall work."
    )]
    Configured {
        /// Which key.
        name: KeyName,
        /// Where it was set.
        place: String,
    },
    /// The text names no key.
    #[error("A key is one of EXTERNAL_API_KEY, API_TOKEN.")]
    UnknownName,
}

/// A new key: 256 random bits behind a prefix by which secret scanners and people know it.
#[must_use]
pub fn generate() -> String {
    format!("cx_{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
}

/// What is kept of a key that needs not be shown again: SHA-256, in hex. A key is random and
/// long, so a slow hash would protect nothing and cost every request.
#[must_use]
pub fn digest(key: &str) -> String {
    let halves = sha256(key).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

fn sha256(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_is_long_random_and_safe_in_headers_and_lists() {
        let (one, other) = (generate(), generate());
        assert_ne!(one, other);
        assert_eq!(one.len(), "cx_".len() + 43);
        let safe = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        assert!(one.starts_with("cx_") && one.chars().all(safe), "{one}");
    }

    #[test]
    fn a_digest_is_the_known_one() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest("abc"), known);
    }

    #[test]
    fn debug_does_not_show_a_new_key() {
        let key = NewKey { name: KeyName::ApiToken, value: "cx_secret".into() };
        assert_eq!(key.to_string(), "API_TOKEN=cx_secret");
        assert!(!format!("{key:?}").contains("secret"));
    }

    #[test]
    fn keys_go_by_the_name_of_their_variable() {
        for name in KeyName::ALL {
            assert_eq!(name.as_str().parse::<KeyName>().unwrap(), name);
        }
        assert!("SECRET".parse::<KeyName>().is_err());
    }
}
