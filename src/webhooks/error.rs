//! Why a webhook can't be changed, or told again.

use crate::store;

/// What the functions of this room return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Nothing was done; the text is for the caller, but for the store's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such webhook or delivery; the word says which. These are the contract's words,
    /// without a full stop.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A value is against its rule, or the webhook is not in a state for it.
    #[error("{0}")]
    Invalid(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    pub(super) const NO_WEBHOOK: Self = Self::NotFound("Webhook");
}
