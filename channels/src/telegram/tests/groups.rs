//! In a group the bot hears only what is meant for it.

use serde_json::{Value, json};

use super::parse::{hear, said};
use crate::telegram::parse::Heard;

const GROUP: i64 = -100_500;

fn update(fields: Value) -> Value {
    let mut message = json!({
        "message_id": 8,
        "from": {"id": 5, "is_bot": false, "first_name": "Ерлан"},
        "chat": {"id": GROUP, "title": "Жильцы", "type": "supergroup"},
        "date": 1_795_000_015,
    });
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({"update_id": 1, "message": message})
}

fn marked(text: &str, kind: &str, offset: usize, length: usize) -> Value {
    json!({"text": text, "entities": [{"type": kind, "offset": offset, "length": length}]})
}

#[test]
fn what_speaks_to_the_bot_is_heard() {
    let bot = json!({"id": 4242, "is_bot": true, "first_name": "Help"});
    let ours = json!({"message_id": 7, "date": 1, "from": bot,
        "chat": {"id": GROUP, "type": "supergroup"}});
    let named = json!({"text": "Помощник, где счёт?", "entities":
        [{"type": "text_mention", "offset": 0, "length": 8, "user": bot}]});
    for fields in [
        // The face is two UTF-16 code units.
        marked("😀 @help_test_bot где счёт?", "mention", 3, 14),
        marked("/tariff", "bot_command", 0, 7),
        marked("/tariff@Help_Test_Bot", "bot_command", 0, 21),
        json!({"text": "да", "reply_to_message": ours}),
        named,
        json!({"photo": [{"file_id": "p", "file_unique_id": "p", "width": 1, "height": 1}],
            "caption": "@help_test_bot смотри",
            "caption_entities": [{"type": "mention", "offset": 0, "length": 14}]}),
    ] {
        let message = said(&update(fields)).message;
        assert_eq!(message.conversation.as_deref(), Some("-100500"));
        assert_eq!(message.sender.identifier, "-100500");
        assert_eq!(message.sender.name.as_deref(), Some("Жильцы"));
        assert_eq!(message.metadata["from"]["name"], "Ерлан");
    }
}

#[test]
fn what_people_say_to_each_other_is_not() {
    let other = json!({"message_id": 7, "date": 1, "from":
        {"id": 6, "is_bot": false, "first_name": "Анна"},
        "chat": {"id": GROUP, "type": "supergroup"}});
    for fields in [
        json!({"text": "Всем привет"}),
        json!({"text": "@help_test_bot without the mark of a mention"}),
        marked("@another_bot привет", "mention", 0, 12),
        marked("/start@another_bot", "bot_command", 0, 18),
        marked("@help_test_bot", "mention", 5, 900),
        json!({"text": "да", "reply_to_message": other}),
        json!({"photo": [{"file_id": "p", "file_unique_id": "p", "width": 1, "height": 1}]}),
        json!({"text": "@help_test_bot", "is_automatic_forward": true}),
    ] {
        assert!(matches!(hear(&update(fields.clone())), Heard::Nothing(_)), "{fields}");
    }
    let post = json!({"update_id": 1, "channel_post": {"message_id": 1}});
    assert!(matches!(hear(&post), Heard::Nothing(_)));
}

#[test]
fn another_bot_is_a_machine() {
    let bot = json!({"id": 6, "is_bot": true, "first_name": "Other"});
    let mut fields = marked("@help_test_bot hi", "mention", 0, 14);
    fields["from"] = bot;
    assert!(said(&update(fields.clone())).message.machine.is_some());
    // An administrator who shows the group's name, and not their own.
    fields["sender_chat"] = json!({"id": GROUP, "title": "Жильцы", "type": "supergroup"});
    assert!(said(&update(fields)).message.machine.is_none());
}
