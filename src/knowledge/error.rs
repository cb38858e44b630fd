//! Why an article can't be changed.

use crate::store;

/// What the functions of this room return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An article can't be read or changed; the text is for the caller, but for the store's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none of this id and language.
    #[error("There is no such article.")]
    NotFound,
    /// There is one already, or a file's can't be changed.
    #[error("{0}")]
    Conflict(String),
    /// A value is against its rule.
    #[error("{0}")]
    Invalid(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}
