//! The JSON of this channel, as its documentation shows it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{Receipt, Reply};

/// A customer's message. Fields that are not named here are ignored.
///
/// This type is the documentation of the body; [`parse`](super) reads it field by field, so that
/// each mistake has a sentence of its own.
#[derive(Debug, ToSchema)]
#[schema(example = json!({
    "api_key": "your-secure-random-api-key-of-32-characters",
    "user_identifier": "user@example.com",
    "text": "У меня не работает интернет",
    "external_id": "crm-ticket-12345",
    "metadata": {
        "full_name": "Иванов Иван Иванович",
        "email": "user@example.com",
        "phone": "+77001234567"
    }
}))]
pub struct MessageIn {
    /// The key, unless a header carries it: a header's key counts first.
    pub api_key: Option<String>,
    /// Who writes: the customer's id in the calling system. Kept as it came.
    #[schema(min_length = 1, max_length = 255)]
    pub user_identifier: String,
    /// What the customer wrote. May be blank or missing when there is an image.
    #[schema(max_length = 100_000)]
    pub text: Option<String>,
    /// A PNG, JPEG, GIF, WebP or BMP in base64, with or without `data:image/…;base64,` before it.
    pub image_base64: Option<String>,
    /// The conversation's id in the calling system: the same one is the same ticket, for ever.
    #[schema(min_length = 1, max_length = 255)]
    pub external_id: Option<String>,
    /// What is known of the customer, and anything else to be kept with the message.
    pub metadata: Option<MetadataIn>,
}

/// What the calling system knows of the customer. Other fields are kept with the message.
#[derive(Debug, ToSchema)]
pub struct MetadataIn {
    /// A name to show.
    pub full_name: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// A phone number; a JSON number is accepted too.
    pub phone: Option<String>,
}

/// The answer to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "success": true,
    "ticket_id": 123,
    "reply": "Здравствуйте! Я помогу решить проблему с интернетом…",
    "needs_escalation": false,
    "status": "new",
    "message_id": 456,
    "reply_id": 457
}))]
pub struct ReplyOut {
    /// Always true.
    pub success: bool,
    /// The ticket that the message belongs to.
    pub ticket_id: i64,
    /// The answer, word for word as it is stored.
    pub reply: String,
    /// Whether this turn called an operator.
    pub needs_escalation: bool,
    /// The ticket's status: `new`, `in_progress` or `closed`.
    pub status: String,
    /// The customer's message.
    pub message_id: i64,
    /// The answer's message.
    pub reply_id: i64,
}

impl ReplyOut {
    /// The answer to what was stored under this receipt.
    #[must_use]
    pub fn new(receipt: Receipt, reply: Reply) -> Self {
        Self {
            success: true,
            ticket_id: receipt.ticket_id,
            reply: reply.text,
            needs_escalation: reply.needs_escalation,
            status: reply.status,
            message_id: receipt.message_id,
            reply_id: reply.message_id,
        }
    }
}

/// What every error of this channel looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"success": false, "error": "user_identifier is missing."}))]
pub struct Refusal {
    /// Always false.
    pub success: bool,
    /// One sentence that says what is wrong.
    pub error: String,
    /// The request's id, where the fault is ours (5xx).
    #[schema(value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}
