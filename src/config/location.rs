//! Addresses that may carry a password.

use std::fmt;

/// An address of something: a database, a server, a folder. It may hold a password or a token, so
/// `Debug` shows its scheme alone, and there is no `Display`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Location(String);

impl Location {
    pub(super) fn new(address: impl Into<String>) -> Self {
        Self(address.into())
    }

    /// The whole address. An HTTP or WebSocket one has no slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the first colon, in lower case.
    #[must_use]
    pub fn scheme(&self) -> String {
        self.0.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase()).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:…", self.scheme())
    }
}
