//! What happens to the bot, as the Bot API tells it.

use serde_json::{Value, json};

use super::FakeTelegram;

/// A private chat with a user of this number.
#[must_use]
pub fn private(user: i64) -> Value {
    json!({"id": user, "type": "private", "first_name": "Айгуль"})
}

impl FakeTelegram {
    /// A user writes to the bot.
    pub fn says(&self, user: i64, text: &str) -> Value {
        self.message(user, json!({"text": text}))
    }

    /// A user sends the bot a message with these fields beside the usual ones.
    pub fn message(&self, user: i64, fields: Value) -> Value {
        self.message_in(&private(user), user, fields)
    }

    /// A command, marked as one.
    pub fn command(&self, user: i64, text: &str) -> Value {
        let command = text.split(' ').next().unwrap_or_default();
        let entity = json!({"type": "bot_command", "offset": 0, "length": command.len()});
        self.message(user, json!({"text": text, "entities": [entity]}))
    }

    /// A user sends a message in a chat.
    pub fn message_in(&self, chat: &Value, user: i64, fields: Value) -> Value {
        let id = chat["id"].as_i64().expect("a chat has a number");
        let message_id = self.next_message(id);
        let mut message = json!({
            "message_id": message_id,
            "from": from(user),
            "chat": chat,
            "date": 1_795_000_000 + message_id,
        });
        extend(&mut message, fields);
        self.update("message", message)
    }

    /// The same message with other words.
    pub fn edits(&self, first: &Value, text: &str) -> Value {
        let mut message = first["message"].clone();
        extend(&mut message, json!({"text": text, "edit_date": 1_795_000_999}));
        self.update("edited_message", message)
    }

    /// A user presses a button under a message of the bot's.
    pub fn presses(&self, user: i64, message_id: i64, data: &str) -> Value {
        let message = json!({"message_id": message_id, "chat": private(user), "date": 0});
        let pressed = json!({
            "id": format!("press-{message_id}"),
            "from": from(user),
            "message": message,
            "chat_instance": "1",
            "data": data,
        });
        self.update("callback_query", pressed)
    }

    /// An update with the next number.
    pub fn update(&self, kind: &str, value: Value) -> Value {
        let mut state = self.state();
        state.last_update += 1;
        json!({"update_id": 700_000 + state.last_update, kind: value})
    }

    /// Numbers messages of a chat, which the bot may write to from now on.
    fn next_message(&self, chat: i64) -> i64 {
        let mut state = self.state();
        let chat = state.chats.entry(chat).or_default();
        chat.last_message += 1;
        chat.last_message
    }
}

fn from(user: i64) -> Value {
    json!({
        "id": user, "is_bot": false, "first_name": "Айгуль", "last_name": "Серикова",
        "username": format!("user{user}"), "language_code": "ru",
    })
}

fn extend(message: &mut Value, fields: Value) {
    if let (Some(message), Value::Object(fields)) = (message.as_object_mut(), fields) {
        message.extend(fields);
    }
}
