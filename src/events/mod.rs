//! What the outside is told, in the shapes of the documents. An event is a row that is written in
//! the transaction of its cause; notes and drafts never become one.

use serde_json::{Value, json};

use crate::clock::Millis;
use crate::store::attachments::Attachment;
use crate::store::contacts::Contact;
use crate::store::events::NewEvent;
use crate::store::messages::Message;
use crate::store::tickets::Ticket;
use crate::tickets::Status;

/// A customer wrote for the first time.
#[must_use]
pub fn user_created(contact: &Contact, channel: &str, now: Millis) -> NewEvent {
    let payload = json!({
        "user_id": contact.id,
        "telegram_id": null,
        "username": null,
        "first_name": contact.name,
        "last_name": null,
        "referral_code": null,
        "referred_by_id": null,
        "channel": channel,
    });
    NewEvent { kind: "user.created", ticket_id: None, payload, created_at: now }
}

/// A ticket was opened.
#[must_use]
pub fn ticket_created(ticket: &Ticket, now: Millis) -> NewEvent {
    about(
        ticket,
        "ticket.created",
        now,
        json!({
            "subject": ticket.subject,
            "status": ticket.status,
            "priority": ticket.priority,
            "category": ticket.category,
            "created_at": crate::clock::rfc3339(ticket.created_at),
        }),
    )
}

/// A ticket moved from `old` to its present status.
#[must_use]
pub fn status_changed(ticket: &Ticket, old: Status, now: Millis) -> NewEvent {
    about(
        ticket,
        "ticket.status_changed",
        now,
        json!({
            "old_status": old,
            "new_status": ticket.status,
            "operator": ticket.operator,
        }),
    )
}

/// Something was said that the customer may see. `None` for notes and drafts.
#[must_use]
pub fn message_added(
    ticket: &Ticket,
    message: &Message,
    attachments: &[Attachment],
    now: Millis,
) -> Option<NewEvent> {
    if message.author.is_internal() {
        return None;
    }
    let files: Vec<Value> = attachments.iter().map(attachment).collect();
    Some(about(
        ticket,
        "ticket.message_added",
        now,
        json!({
            "message_id": message.id,
            "author": message.author,
            "operator": message.operator,
            "text": message.text,
            "attachments": files,
        }),
    ))
}

/// A human was called.
#[must_use]
pub fn escalated(ticket: &Ticket, now: Millis) -> NewEvent {
    about(
        ticket,
        "ticket.escalated",
        now,
        json!({
            "reason": ticket.escalation_reason,
            "priority": ticket.priority,
            "department": ticket.department,
        }),
    )
}

/// A ticket went to another operator, or to none.
#[must_use]
pub fn assigned(ticket: &Ticket, previous: Option<&str>, now: Millis) -> NewEvent {
    let payload = json!({
        "ticket_id": ticket.id,
        "operator": ticket.operator,
        "previous": previous,
    });
    NewEvent { kind: "ticket.assigned", ticket_id: Some(ticket.id), payload, created_at: now }
}

/// A file, as the ticket API shows it too.
#[must_use]
pub fn attachment(file: &Attachment) -> Value {
    json!({
        "id": file.id,
        "name": file.name,
        "content_type": file.content_type,
        "size": file.size,
        "url": format!("/api/attachments/{}", file.id),
    })
}

/// An event with the four fields that all events of a ticket begin with.
fn about(ticket: &Ticket, kind: &'static str, now: Millis, rest: Value) -> NewEvent {
    let mut payload = json!({
        "ticket_id": ticket.id,
        "user_id": ticket.contact_id,
        "channel": ticket.channel.0,
        "external_id": ticket.external_id,
    });
    if let (Value::Object(payload), Value::Object(rest)) = (&mut payload, rest) {
        payload.extend(rest);
    }
    NewEvent { kind, ticket_id: Some(ticket.id), payload, created_at: now }
}
