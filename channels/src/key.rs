//! Which key a caller showed.

/// The identity of an API key, which is no secret: it stays the same over restarts and over
/// rotations, and no two keys share it. What callers number by themselves, like their
/// `Idempotency-Key`s, is told apart by it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(String);

impl KeyId {
    /// The key that the inbox calls by this name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
