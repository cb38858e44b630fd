//! What can go wrong in the store, by what the caller can do about it.

use centrium_channels::Kind;
use diesel::result::{DatabaseErrorKind, Error as Diesel};

/// What the store returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A store operation failed. The text is for the log; it never reaches a caller.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The database can't be reached, is locked, full or read-only: the same call may work later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database was lost while it committed: whether it did is unknown. The same call may be
    /// made again where a repeat is harmless.
    #[error("it is unknown whether the database has committed: {0}")]
    Uncertain(String),
    /// Someone else did the same at the same moment (a unique key, a deadlock, a serialisation
    /// failure): the same call, done again now, sees what they did.
    #[error("a concurrent change was first: {0}")]
    Contended(String),
    /// The statement or the data is wrong: a defect of ours.
    #[error("the database refused: {0}")]
    Broken(String),
}

impl Error {
    /// The database could not be opened or reached.
    pub fn unavailable(why: impl ToString) -> Self {
        Self::Unavailable(why.to_string())
    }

    /// The same error, had it come from a `COMMIT`.
    pub(super) fn of_commit(self) -> Self {
        match self {
            Self::Unavailable(why) => Self::Uncertain(why),
            other => other,
        }
    }
}

impl From<Diesel> for Error {
    fn from(error: Diesel) -> Self {
        let text = error.to_string();
        match error {
            Diesel::DatabaseError(kind, _) => from_database(kind, text),
            Diesel::BrokenTransactionManager | Diesel::RollbackErrorOnCommit { .. } => {
                Self::Unavailable(text)
            }
            _ => Self::Broken(text),
        }
    }
}

fn from_database(kind: DatabaseErrorKind, text: String) -> Error {
    use DatabaseErrorKind as K;
    match kind {
        K::UniqueViolation | K::SerializationFailure => Error::Contended(text),
        K::UnableToSendCommand | K::ClosedConnection | K::ReadOnlyTransaction => {
            Error::Unavailable(text)
        }
        // Where PostgreSQL's state is not known, see below.
        _ if text.contains("deadlock detected") || text.contains("lock timeout") => {
            Error::Contended(text)
        }
        _ if UNAVAILABLE.iter().any(|sign| text.contains(sign)) => Error::Unavailable(text),
        _ => Error::Broken(text),
    }
}

/// SQLite names these states in words only, as far as diesel passes them on, and so does
/// PostgreSQL where its state is not known (see `LastState`).
const UNAVAILABLE: &[&str] = &[
    "database is locked",
    "database table is locked",
    "database or disk is full",
    "disk I/O error",
    "unable to open database file",
    "readonly database",
    "No space left on device",
    "terminating connection",
    "the database system is",
    "connection closed",
    "too many clients",
    "could not extend file",
];

impl From<Error> for centrium_channels::Error {
    fn from(error: Error) -> Self {
        let (kind, sentence) = match &error {
            Error::Unavailable(_) => (Kind::Unavailable, UNAVAILABLE_SENTENCE),
            Error::Uncertain(_) => (Kind::Unavailable, UNCERTAIN_SENTENCE),
            Error::Contended(_) => (
                Kind::Unavailable,
                "Someone else is changing the same thing. Please send it again.",
            ),
            Error::Broken(_) => (
                Kind::Internal,
                "Something went wrong on our side. Nothing was stored; please try again.",
            ),
        };
        match error {
            Error::Unavailable(_) | Error::Uncertain(_) | Error::Contended(_) => {
                tracing::warn!(error = %error, "store.unavailable");
            }
            Error::Broken(_) => tracing::error!(error = %error, "store.broken"),
        }
        Self::new(kind, sentence)
    }
}

/// What a caller hears while the database is gone.
const UNAVAILABLE_SENTENCE: &str = "The database can't be written right now. Nothing was stored; please send it again in a moment.";

/// What a caller hears whose commit was cut off.
const UNCERTAIN_SENTENCE: &str = "The database was lost while this was being stored: it may or may not have been stored. Please send it again in a moment; with the same Idempotency-Key it is stored only once.";
