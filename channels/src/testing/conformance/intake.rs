//! The promises about what comes in.

use super::{Garbage, Outcome, Outside};
use crate::testing::{Accepted, Call, ScriptedInbox, garbage};
use crate::{Error, Kind};

pub(super) async fn check(outside: &dyn Outside) {
    acknowledges_what_was_accepted(outside).await;
    acknowledges_nothing_else(outside).await;
    passes_refusals_on(outside).await;
    gives_repeats_again(outside).await;
    survives_garbage(outside).await;
}

async fn acknowledges_what_was_accepted(outside: &dyn Outside) {
    let inbox = ScriptedInbox::new();
    let outcome = outside.deliver(inbox.clone()).await;
    assert!(matches!(outcome, Outcome::Acknowledged), "the message must be taken, not {outcome:?}");
    assert!(!inbox.accepted().is_empty(), "a message was acknowledged that the inbox never saw");
}

/// A store that can't be written, or a channel that is off, is no fault of the message: the
/// outside keeps it and comes again.
async fn acknowledges_nothing_else(outside: &dyn Outside) {
    for kind in [Kind::Unavailable, Kind::ChannelOff] {
        let inbox = ScriptedInbox::new();
        inbox.fail_next(Call::Accept, Error::new(kind, "This can't be stored now."));
        match outside.deliver(inbox.clone()).await {
            Outcome::Acknowledged => panic!("acknowledged, though the inbox said {kind:?}"),
            Outcome::Refused(problem) => {
                assert_eq!(problem.status, 503, "{kind:?} must be 503");
                assert_eq!(problem.sentence, "This can't be stored now.");
            }
            Outcome::Left => {}
        }
        assert!(inbox.accepted().is_empty(), "the adapter must not retry by itself");
        let again = outside.deliver(inbox).await;
        assert!(matches!(again, Outcome::Acknowledged), "it must be taken the next time");
    }
}

async fn passes_refusals_on(outside: &dyn Outside) {
    for (kind, status) in [(Kind::Invalid, 400), (Kind::Conflict, 409), (Kind::TooMany, 429)] {
        let inbox = ScriptedInbox::new();
        inbox.fail_next(Call::Accept, Error::new(kind, "The inbox does not want this."));
        match (outside.deliver(inbox).await, outside.garbage()) {
            (Outcome::Refused(problem), _) => {
                assert_eq!(problem.status, status, "{kind:?} must be {status}");
                assert_eq!(problem.sentence, "The inbox does not want this.");
            }
            // A protocol that repeats for ever may be told that it is done with this message.
            (Outcome::Acknowledged, Garbage::Acknowledged) if kind != Kind::TooMany => {}
            (Outcome::Left, _) => {}
            (outcome, _) => panic!("{kind:?} must not end as {outcome:?}"),
        }
    }
}

async fn gives_repeats_again(outside: &dyn Outside) {
    let inbox = ScriptedInbox::new();
    outside.deliver(inbox.clone()).await;
    let first = inbox.accepted();
    let outcome = outside.deliver(inbox.clone()).await;
    assert!(matches!(outcome, Outcome::Acknowledged), "a repeat must be acknowledged as well");
    let again = inbox.accepted().split_off(first.len());
    assert_eq!(names(&first), names(&again), "a repeat must carry the same ids");
    for (first, again) in first.iter().zip(&again) {
        assert!(again.receipt.duplicate, "a repeat must be known as one: it needs an id or a key");
        assert_eq!(first.receipt.message_id, again.receipt.message_id);
    }
}

/// All by which the inbox knows messages again.
fn names(accepted: &[Accepted]) -> Vec<impl PartialEq + std::fmt::Debug + '_> {
    let messages = accepted.iter().map(|accepted| &accepted.message);
    messages.map(|m| (&m.external_id, &m.idempotency, &m.conversation)).collect()
}

async fn survives_garbage(outside: &dyn Outside) {
    for bytes in garbage() {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        let inbox = ScriptedInbox::new();
        let outcome = outside.deliver_bytes(inbox.clone(), bytes).await;
        match (&outcome, outside.garbage()) {
            (Outcome::Refused(problem), _) if problem.status.is_client_error() => {}
            (Outcome::Acknowledged, Garbage::Acknowledged) => {}
            _ => panic!("garbage must not end as {outcome:?}: {start}"),
        }
        if outside.garbage() == Garbage::Refused {
            assert!(inbox.accepted().is_empty(), "garbage became a message: {start}");
        }
    }
}
