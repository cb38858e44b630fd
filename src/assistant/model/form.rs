//! In which form an endpoint is asked, and which one it is known to accept.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::assistant::prompts::template::Output;

/// How long what was found out holds: an endpoint may learn schemas.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// What a request asks for beside its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) output: Output,
    pub(super) with_temperature: bool,
}

/// The form that an endpoint accepted last. Only one that worked is remembered: what an endpoint says
/// against a request may hold words of the customer's.
#[derive(Debug, Default)]
pub(super) struct Forms(Mutex<Option<Found>>);

#[derive(Clone, Copy, Debug)]
struct Found {
    asked: Form,
    accepted: Form,
    at: Instant,
}

impl Forms {
    /// The form to begin with, where `asked` is wanted.
    pub(super) fn known(&self, asked: Form) -> Form {
        let found = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found
            .filter(|found| found.asked == asked && found.at.elapsed() < REMEMBERED)
            .map_or(asked, |found| found.accepted)
    }

    /// A request of this form was answered.
    pub(super) fn worked(&self, asked: Form, accepted: Form) {
        if accepted == asked || accepted == self.known(asked) {
            return;
        }
        tracing::info!(model.form = ?accepted, "model.simpler_form");
        let found = Found { asked, accepted, at: Instant::now() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_worked_is_remembered_for_what_was_asked() {
        let forms = Forms::default();
        let asked = Form { output: Output::Schema, with_temperature: true };
        assert_eq!(forms.known(asked), asked);
        let simpler = Form { output: Output::Json, with_temperature: false };
        forms.worked(asked, simpler);
        assert_eq!(forms.known(asked), simpler);
        let other = Form { output: Output::Json, with_temperature: true };
        assert_eq!(forms.known(other), other, "other instructions are asked as they say");
    }
}
