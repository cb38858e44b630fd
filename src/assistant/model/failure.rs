//! Why a model's turn failed.

use std::time::Duration;

/// Why there is no answer of the model's. The sentence is for the record and the log: it holds
/// nothing that anyone wrote, and no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    #[error("The model did not answer in time.")]
    Slow,
    #[error("Too many questions were under way.")]
    Crowded,
    #[error("The endpoint could not be reached, or broke off.")]
    Unreachable,
    #[error("The endpoint answered with status {0}.")]
    Status(u16),
    #[error("The endpoint asked to wait for longer than there was time.")]
    Busy,
    #[error("The endpoint's answer was too long.")]
    TooLong,
    #[error("The answer had not the form that was asked for.")]
    Misshapen,
    #[error("The answer was cut off.")]
    CutOff,
    #[error("The model refused to answer.")]
    Refused,
    #[error("The reply was empty.")]
    Empty,
    #[error("The reply repeated the instructions.")]
    Leak,
    #[error("The model has failed too often; it is asked again soon.")]
    Open,
    #[error("The tokens of this day are spent.")]
    Spent,
}

impl Failure {
    /// Whether it tells that the model is out of order, and not only that it gave no answer to this
    /// one message, which whoever wrote the message might be the reason of.
    pub(super) const fn counts(&self) -> bool {
        let answered = matches!(self, Self::Refused | Self::Empty | Self::Leak);
        !answered && !self.is_nobodys() && !matches!(self, Self::Crowded | Self::Open | Self::Spent)
    }

    /// Whether it tells neither that the model works nor that it does not: a message can be too much
    /// for it, or ask for too much.
    pub(super) const fn is_nobodys(&self) -> bool {
        matches!(self, Self::CutOff | Self::TooLong | Self::Status(400 | 413 | 422))
    }
}

/// What became of one try.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Another try would end in the same way.
    Final(Failure),
    /// Another try may help, after this long where the endpoint said so.
    Passing(Failure, Option<Duration>),
    /// The endpoint does not know the form that was asked for.
    Form,
    /// The endpoint does not want to be told a temperature.
    Temperature,
}
