//! What a webhook can be told of.

use super::{Error, Result};

/// The event type that means all of them.
pub const EVERYTHING: &str = "*";

/// The kinds of events, but for `webhook.test`, which is sent to one webhook alone.
pub const KINDS: [&str; 9] = [
    "user.created",
    "payment.completed",
    "transaction.created",
    "ticket.created",
    "ticket.status_changed",
    "ticket.message_added",
    "ticket.escalated",
    "ticket.assigned",
    "webhook.disabled",
];

/// Whether there are events of this type.
pub(super) fn check(event_type: &str) -> Result<()> {
    if event_type == EVERYTHING || KINDS.contains(&event_type) {
        return Ok(());
    }
    Err(Error::Invalid(format!("event_type is {EVERYTHING} or one of {}.", KINDS.join(", "))))
}
