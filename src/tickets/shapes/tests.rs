use serde_json::{Value, json};

use super::*;
use crate::store::StoredKind;

/// A ticket that nobody has dealt with.
pub(in crate::tickets) fn ticket() -> Ticket {
    Ticket {
        id: 7,
        contact_id: 3,
        channel: StoredKind(ChannelKind::Api),
        external_id: Some("chat-1".into()),
        subject: None,
        status: Status::New,
        priority: Priority::Medium,
        category: None,
        department: None,
        needs_escalation: false,
        escalation_reason: None,
        escalated_at: None,
        is_auto_solved: false,
        operator: None,
        taken_by: None,
        version: 1,
        indexed_version: 0,
        created_at: 1_000,
        updated_at: 2_345,
        first_response_at: None,
        closed_at: None,
        reopened_at: None,
    }
}

fn contact() -> Contact {
    Contact {
        id: 3,
        name: Some("Айгерим".into()),
        email: None,
        phone: None,
        language: Some("kk".into()),
        is_blocked: false,
        metadata: None,
        search_text: "айгерим u-3".into(),
        search_version: 1,
        indexed_version: 0,
        created_at: 1_000,
        updated_at: 1_000,
    }
}

fn identity(contact_id: i64, identifier: &str) -> Identity {
    let channel = StoredKind(ChannelKind::Api);
    Identity { contact_id, channel, identifier: identifier.into() }
}

fn message(author: Author) -> Message {
    Message {
        id: 11,
        ticket_id: 7,
        author,
        operator: None,
        text: String::new(),
        html: None,
        channel: StoredKind(ChannelKind::Api),
        external_id: None,
        in_reply_to: None,
        delivery_state: None,
        delivery_error: None,
        rating: None,
        metadata: Some(json!({ "secret": "of the CRM" })),
        raw_key: None,
        created_at: 5_000,
    }
}

fn file(message_id: i64) -> Attachment {
    Attachment {
        id: 17,
        message_id,
        name: "счёт.pdf".into(),
        content_type: "application/pdf".into(),
        size: 9,
        sha256: String::new(),
        key: "ab/cd".into(),
        display_key: None,
        display_type: None,
        created_at: 5_000,
    }
}

fn as_json(shape: impl Serialize) -> Value {
    serde_json::to_value(shape).unwrap()
}

#[test]
fn a_ticket_has_the_fields_of_the_contract_and_no_others() {
    let identities = [identity(3, "u-3"), identity(4, "u-4")];
    let shape = TicketOut::new(ticket(), ContactOut::new(contact(), &identities));
    let expected = json!({
        "id": 7,
        "channel": "api",
        "external_id": "chat-1",
        "subject": null,
        "status": "new",
        "priority": "medium",
        "category": null,
        "department": null,
        "needs_escalation": false,
        "escalation_reason": null,
        "is_auto_solved": false,
        "contact": {
            "id": 3,
            "name": "Айгерим",
            "email": null,
            "phone": null,
            "identities": [{ "channel": "api", "identifier": "u-3" }],
        },
        "operator": null,
        "created_at": "1970-01-01T00:00:01.000Z",
        "updated_at": "1970-01-01T00:00:02.345Z",
    });
    assert_eq!(as_json(shape), expected);
}

#[test]
fn a_message_shows_its_own_files_and_nothing_of_the_inside() {
    let shape = MessageOut::new(message(Author::Customer), &[file(11), file(12)]);
    let expected = json!({
        "id": 11,
        "author": "customer",
        "operator": null,
        "text": "",
        "attachments": [{
            "id": 17,
            "name": "счёт.pdf",
            "content_type": "application/pdf",
            "size": 9,
            "url": "/api/attachments/17",
        }],
        "external_id": null,
        "delivery": null,
        "rating": null,
        "created_at": "1970-01-01T00:00:05.000Z",
    });
    assert_eq!(as_json(shape), expected);
}

#[test]
fn a_failed_answer_says_why() {
    let failed = Message {
        delivery_state: Some(DeliveryState::Failed),
        delivery_error: Some("The customer has blocked the bot.".into()),
        ..message(Author::Operator)
    };
    let shape = as_json(MessageOut::new(failed, &[]));
    let expected = json!({ "state": "failed", "error": "The customer has blocked the bot." });
    assert_eq!(shape["delivery"], expected);
}
