//! Why an operator's action was not done.

use crate::files::FilesError;
use crate::store;

/// What an operator's action returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An operator's action was not done, and changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ticket, message or contact does not exist; the word says which of them.
    #[error("There is no such {0}.")]
    NotFound(&'static str),
    /// The idempotency key belongs to another request.
    #[error("This Idempotency-Key was already used for another request.")]
    Conflict,
    /// A value can't be taken; the sentence says which and why.
    #[error("{0}")]
    Invalid(String),
    /// A file could not be kept.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The database could not do it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    pub(super) fn invalid(sentence: impl Into<String>) -> Self {
        Self::Invalid(sentence.into())
    }
}
