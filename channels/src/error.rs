//! One kind of error for both directions: what went wrong, in a sentence, and whether to retry.

use std::time::Duration;

/// What a channel or the inbox returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Something did not work.
///
/// The sentence is for people: for the caller of an API, or for the operator who reads why an
/// answer was not delivered. It never holds a secret, SQL or a stack trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Error {
    /// What kind of thing went wrong.
    pub kind: Kind,
    /// Whether doing the same again can help.
    pub retry: Retry,
    /// One clear sentence.
    pub sentence: String,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The input is not what it must be.
    Invalid,
    /// No key, or a wrong one.
    Unauthorized,
    /// The idempotency key was used for another request.
    Conflict,
    /// An operator has switched the channel off.
    ChannelOff,
    /// Too many requests.
    TooMany,
    /// The store or the channel's server can't be reached now.
    Unavailable,
    /// The channel's server understood, and refuses.
    Refused,
    /// A defect of ours.
    Internal,
}

/// Whether, and when, doing the same again can help. Only the engine's jobs and outside callers
/// retry; an adapter never does so by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It will fail the same way.
    Never,
    /// With a growing pause.
    Later,
    /// Not before this long.
    After(Duration),
}

impl Error {
    /// An error of `kind`, with the retry that goes with it.
    #[must_use]
    pub fn new(kind: Kind, sentence: impl Into<String>) -> Self {
        let retry = match kind {
            Kind::Invalid | Kind::Unauthorized | Kind::Conflict | Kind::Refused => Retry::Never,
            Kind::ChannelOff | Kind::TooMany | Kind::Unavailable | Kind::Internal => Retry::Later,
        };
        Self { kind, retry, sentence: sentence.into() }
    }

    /// The same error, to be retried after `pause`.
    #[must_use]
    pub fn after(mut self, pause: Duration) -> Self {
        self.retry = Retry::After(pause);
        self
    }
}
