//! Which rows a message comes to; the same as the engine's for the same message.

use std::collections::HashMap;
use std::time::SystemTime;

use serde_json::json;

use crate::constant::ANSWER;

/// What was asked.
pub struct Message {
    pub who: String,
    pub text: String,
}

/// The ids of its rows. The answer's id is the message's and one.
#[derive(Clone, Copy)]
pub struct Ids {
    pub contact: i64,
    pub ticket: i64,
    pub message: i64,
}

/// Whose message it is, and the numbers given so far.
#[derive(Default)]
pub struct Ledger {
    known: HashMap<String, (i64, i64)>,
    message: i64,
}

impl Ledger {
    /// The ids of this message's rows, and whether its customer is new.
    pub fn place(&mut self, who: &str) -> (Ids, bool) {
        let next = i64::try_from(self.known.len()).unwrap_or(i64::MAX) + 1;
        let is_new = !self.known.contains_key(who);
        let (contact, ticket) = *self.known.entry(who.to_owned()).or_insert((next, next));
        self.message += 2;
        (Ids { contact, ticket, message: self.message - 1 }, is_new)
    }
}

/// What led to the constant answer: nothing.
pub const BASIS: &str = r#"{"rule":null,"likelihood":null,"passages":[],"model":null}"#;

pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

pub fn user_created(contact: i64) -> String {
    json!({
        "channel": "api", "first_name": null, "last_name": null, "referral_code": null,
        "referred_by_id": null, "telegram_id": null, "user_id": contact, "username": null,
    })
    .to_string()
}

pub fn ticket_created(ids: Ids, now: i64) -> String {
    json!({
        "category": null, "channel": "api", "created_at": now, "external_id": null,
        "priority": "medium", "status": "new", "subject": null, "ticket_id": ids.ticket,
        "user_id": ids.contact,
    })
    .to_string()
}

pub fn message_added(ids: Ids, text: &str) -> String {
    added(ids, ids.message, "customer", text)
}

pub fn answer_added(ids: Ids) -> String {
    added(ids, ids.message + 1, "assistant", ANSWER)
}

/// The event of a message in `ids.ticket`.
pub fn added(ids: Ids, message: i64, author: &str, text: &str) -> String {
    json!({
        "attachments": [], "author": author, "channel": "api", "external_id": null,
        "message_id": message, "operator": null, "text": text, "ticket_id": ids.ticket,
        "user_id": ids.contact,
    })
    .to_string()
}
