//! Whether a channel works.

/// The state of a channel, for the status page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It works, as far as can be told.
    Ok,
    /// It does not; the sentence says what is wrong and, where known, what to do.
    Problem(String),
}
