//! What the outside is told, in the shapes of the documents. An event is a row that is written in
//! the transaction of its cause; notes and drafts never become one. Live clients follow the rows:
//! [`Tail`] reads them once for all, [`Follower`] is one client's way along them.

mod follower;
mod frame;
mod kinds;
mod pace;
pub mod publish;
mod ring;
mod tail;

use centrium_channels::{ChannelKind, Profile};
use serde::Serialize;

use crate::clock::{Millis, rfc3339};
use crate::store::Payload;
use crate::store::attachments::Attachment;
use crate::store::contacts::{Contact, NewIdentity};
use crate::store::events::{NewEvent, WEBHOOK_TEST};
use crate::store::messages::Message;
use crate::store::tickets::Ticket;
use crate::tickets::shapes::AttachmentOut;
use crate::tickets::{Author, Priority, Status};

pub use follower::{Follower, TooSlow, Unknown};
pub use frame::{Filter, Frame};
pub use kinds::{KINDS, PUBLISHED, kind};
pub use pace::Pace;
pub use tail::{Joined, Tail};

/// A customer wrote for the first time.
#[must_use]
pub fn user_created(
    contact: &Contact,
    identity: &NewIdentity,
    profile: Option<&Profile>,
    now: Millis,
) -> NewEvent {
    #[derive(Serialize)]
    struct UserCreated<'a> {
        user_id: i64,
        telegram_id: Option<i64>,
        username: Option<&'a str>,
        first_name: Option<&'a str>,
        last_name: Option<&'a str>,
        referral_code: Option<&'a str>,
        referred_by_id: Option<i64>,
        channel: &'a str,
    }
    let first_name = profile.and_then(|profile| profile.first_name.as_deref());
    let channel = identity.channel.0;
    let is_telegram = channel == ChannelKind::Telegram;
    let payload = Payload::new(&UserCreated {
        user_id: contact.id,
        telegram_id: identity.identifier.parse().ok().filter(|_| is_telegram),
        username: profile.and_then(|profile| profile.username.as_deref()),
        first_name: first_name.or(contact.name.as_deref()),
        last_name: profile.and_then(|profile| profile.last_name.as_deref()),
        referral_code: None,
        referred_by_id: None,
        channel: channel.as_str(),
    });
    NewEvent { kind: "user.created", ticket_id: None, payload, created_at: now }
}

/// A ticket was opened.
#[must_use]
pub fn ticket_created(ticket: &Ticket, now: Millis) -> NewEvent {
    #[derive(Serialize)]
    struct Created<'a> {
        subject: Option<&'a str>,
        status: Status,
        priority: Priority,
        category: Option<&'a str>,
        created_at: String,
    }
    let created = Created {
        subject: ticket.subject.as_deref(),
        status: ticket.status,
        priority: ticket.priority,
        category: ticket.category.as_deref(),
        created_at: rfc3339(ticket.created_at),
    };
    about(ticket, "ticket.created", now, created)
}

/// A ticket moved from `old` to its present status.
#[must_use]
pub fn status_changed(ticket: &Ticket, old: Status, now: Millis) -> NewEvent {
    #[derive(Serialize)]
    struct StatusChanged<'a> {
        old_status: Status,
        new_status: Status,
        operator: Option<&'a str>,
    }
    let operator = ticket.operator.as_deref();
    let changed = StatusChanged { old_status: old, new_status: ticket.status, operator };
    about(ticket, "ticket.status_changed", now, changed)
}

/// Something was said that the customer may see. `None` for notes and drafts.
#[must_use]
pub fn message_added(
    ticket: &Ticket,
    message: &Message,
    attachments: &[Attachment],
    now: Millis,
) -> Option<NewEvent> {
    #[derive(Serialize)]
    struct Added<'a> {
        message_id: i64,
        author: Author,
        operator: Option<&'a str>,
        text: &'a str,
        attachments: Vec<AttachmentOut>,
    }
    if message.author.is_internal() {
        return None;
    }
    let added = Added {
        message_id: message.id,
        author: message.author,
        operator: message.operator.as_deref(),
        text: &message.text,
        attachments: attachments.iter().map(AttachmentOut::from).collect(),
    };
    Some(about(ticket, "ticket.message_added", now, added))
}

/// A human was called.
#[must_use]
pub fn escalated(ticket: &Ticket, now: Millis) -> NewEvent {
    #[derive(Serialize)]
    struct Escalated<'a> {
        reason: Option<&'a str>,
        priority: Priority,
        department: Option<&'a str>,
    }
    let escalated = Escalated {
        reason: ticket.escalation_reason.as_deref(),
        priority: ticket.priority,
        department: ticket.department.as_deref(),
    };
    about(ticket, "ticket.escalated", now, escalated)
}

/// A ticket went to another operator, or to none.
#[must_use]
pub fn assigned(ticket: &Ticket, previous: Option<&str>, now: Millis) -> NewEvent {
    #[derive(Serialize)]
    struct Assigned<'a> {
        ticket_id: i64,
        operator: Option<&'a str>,
        previous: Option<&'a str>,
    }
    let operator = ticket.operator.as_deref();
    let payload = Payload::new(&Assigned { ticket_id: ticket.id, operator, previous });
    NewEvent { kind: "ticket.assigned", ticket_id: Some(ticket.id), payload, created_at: now }
}

/// A webhook was switched off because its address had failed for too long, or wanted no more.
#[must_use]
pub fn webhook_disabled(webhook_id: i64, name: &str, reason: &str, now: Millis) -> NewEvent {
    #[derive(Serialize)]
    struct Disabled<'a> {
        webhook_id: i64,
        name: &'a str,
        reason: &'a str,
    }
    let payload = Payload::new(&Disabled { webhook_id, name, reason });
    NewEvent { kind: "webhook.disabled", ticket_id: None, payload, created_at: now }
}

/// Somebody wants to see whether a webhook works. It is for that webhook alone.
#[must_use]
pub fn webhook_test(webhook_id: i64, now: Millis) -> NewEvent {
    #[derive(Serialize)]
    struct Test {
        webhook_id: i64,
        message: &'static str,
    }
    let payload = Payload::new(&Test { webhook_id, message: "This webhook works." });
    NewEvent { kind: WEBHOOK_TEST, ticket_id: None, payload, created_at: now }
}

/// An event with the four fields that all others of a ticket begin with.
fn about(ticket: &Ticket, kind: &'static str, now: Millis, rest: impl Serialize) -> NewEvent {
    #[derive(Serialize)]
    struct About<'a, R> {
        ticket_id: i64,
        user_id: i64,
        channel: ChannelKind,
        external_id: Option<&'a str>,
        #[serde(flatten)]
        rest: R,
    }
    let payload = Payload::new(&About {
        ticket_id: ticket.id,
        user_id: ticket.contact_id,
        channel: ticket.channel.0,
        external_id: ticket.external_id.as_deref(),
        rest,
    });
    NewEvent { kind, ticket_id: Some(ticket.id), payload, created_at: now }
}
