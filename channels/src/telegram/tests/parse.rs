//! What each kind of update becomes.

use serde_json::{Value, json};

use super::{USER, wording};
use crate::telegram::addressed::Me;
use crate::telegram::content::Remote;
use crate::telegram::parse::{self, Heard, Said};
use crate::telegram::wording::Phrase;
use crate::{Content, Incoming};

const ME: Me<'static> = Me { id: 4242, username: "help_test_bot" };

pub(super) fn hear(update: &Value) -> Heard {
    let raw = update.to_string();
    let read = serde_json::from_str(&raw).unwrap_or_else(|error| panic!("{error}: {raw}"));
    parse::update(&read, raw.as_bytes(), ME, &wording())
}

pub(super) fn said(update: &Value) -> Said {
    match hear(update) {
        Heard::Said(said) => *said,
        other => panic!("{update} is {other:?}"),
    }
}

fn incoming(fields: Value) -> Incoming {
    said(&update(fields)).message
}

/// A message in a private chat, as the Bot API documents it, with these fields.
pub(super) fn update(fields: Value) -> Value {
    let mut message = json!({
        "message_id": 15,
        "from": {
            "id": USER, "is_bot": false, "first_name": "Айгуль", "last_name": "Серикова",
            "username": "aigul", "language_code": "kk",
        },
        "chat": {"id": USER, "first_name": "Айгуль", "last_name": "Серикова", "type": "private"},
        "date": 1_795_000_015,
    });
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({"update_id": 900, "message": message})
}

#[test]
fn a_text_is_the_message_word_for_word() {
    let text = "<b>не</b> *работает* \u{202e}RTL\u{202c} e\u{301} 👩‍👩‍👧 \0 end";
    let message = incoming(json!({"text": text}));
    assert_eq!(message.text, text);
    assert_eq!(message.external_id.as_deref(), Some("4242:77:15"));
    assert_eq!(message.conversation.as_deref(), Some("77"));
    assert_eq!(message.sender.identifier, "77");
    assert_eq!(message.sender.name.as_deref(), Some("Айгуль Серикова"));
    assert!(!message.awaits_reply && message.is_asking());
    let who = json!({"id": 77, "name": "Айгуль Серикова", "username": "aigul", "language": "kk"});
    assert_eq!(message.metadata, json!({"date": 1_795_000_015, "from": who}));
}

#[test]
fn files_are_fetched_by_their_id() {
    let remote = |fields| said(&update(fields)).file.unwrap();
    let photo = remote(json!({"photo": [
        {"file_id": "small", "file_unique_id": "s", "width": 90, "height": 60, "file_size": 900},
        {"file_id": "large", "file_unique_id": "l", "width": 900, "height": 600},
    ]}));
    assert_eq!((photo.id.as_str(), photo.content, photo.size), ("large", Content::Image, None));

    let document = json!({"file_id": "d", "file_unique_id": "d", "file_name": "счёт.pdf",
        "mime_type": "application/pdf", "file_size": 3_000});
    let found = remote(json!({"document": document}));
    let expected = Remote {
        id: "d".to_owned(),
        size: Some(3_000),
        name: "счёт.pdf".to_owned(),
        content: Content::File("application/pdf".to_owned()),
        sign: "📎",
    };
    assert_eq!(found, expected);

    for (kind, name) in [
        ("voice", "voice.ogg"),
        ("audio", "audio.mp3"),
        ("video", "video.mp4"),
        ("video_note", "video.mp4"),
        ("animation", "animation.mp4"),
    ] {
        let found = remote(json!({kind: {"file_id": kind, "file_unique_id": "u", "duration": 5}}));
        assert_eq!((found.id.as_str(), found.name.as_str()), (kind, name));
    }
    let gif = json!({"file_id": "g", "file_unique_id": "g"});
    let found = remote(json!({"animation": gif, "document": document}));
    assert_eq!(found.id, "g", "an animation comes as a document too");
}

#[test]
fn a_file_has_its_caption_or_its_name() {
    let voice = json!({"file_id": "v", "file_unique_id": "v", "duration": 5});
    assert_eq!(incoming(json!({"voice": voice})).text, "🎤 voice.ogg");
    assert_eq!(incoming(json!({"voice": voice, "caption": "Вот"})).text, "Вот");
    let photo = json!([{"file_id": "p", "file_unique_id": "p", "width": 9, "height": 6}]);
    assert_eq!(incoming(json!({"photo": photo})).text, "");
    let part = incoming(json!({"photo": photo, "media_group_id": "135"}));
    assert_eq!(part.metadata["media_group"], "135");
}

#[test]
fn what_is_no_text_can_be_read() {
    let place = json!({"latitude": 51.1694, "longitude": 71.4491});
    for (fields, text) in [
        (json!({"sticker": {"file_id": "s", "emoji": "👍", "set_name": "cats"}}), "👍"),
        (json!({"location": place}), "📍 51.1694, 71.4491"),
        (
            json!({"location": place, "venue":
                {"location": place, "title": "Хан Шатыр", "address": "Тұран 37"}}),
            "📍 Хан Шатыр, Тұран 37 (51.1694, 71.4491)",
        ),
        (
            json!({"contact": {"phone_number": "+77010000000", "first_name": "Ерлан"}}),
            "👤 Ерлан +77010000000",
        ),
        (
            json!({"poll": {"id": "1", "question": "Когда?", "options": [
                {"text": "Сейчас", "voter_count": 0}, {"text": "Потом", "voter_count": 1}]}}),
            "📊 Когда?\n• Сейчас\n• Потом",
        ),
        (json!({"dice": {"emoji": "🎲", "value": 5}}), "🎲 5"),
        (json!({"story": {"chat": {"id": 1, "type": "private"}, "id": 2}}), "❔ story"),
    ] {
        assert_eq!(incoming(fields).text, text);
    }
}

#[test]
fn a_phone_number_is_the_senders_only_where_it_is_their_own() {
    let contact = |user: Value| {
        let contact = json!({"phone_number": "77010000000", "first_name": "А", "user_id": user});
        incoming(json!({"contact": contact})).sender.phone
    };
    assert_eq!(contact(json!(USER)).as_deref(), Some("77010000000"));
    assert_eq!(contact(json!(USER + 1)), None);
    assert_eq!(contact(Value::Null), None);
}

#[test]
fn a_reply_and_a_forwarded_message_say_of_what() {
    let to = json!({"message_id": 9, "date": 1, "chat": {"id": USER, "type": "private"}});
    let reply = incoming(json!({"text": "да", "reply_to_message": to}));
    assert_eq!(reply.metadata["reply_to"], "4242:77:9");
    for (origin, name) in [
        (
            json!({"type": "user", "date": 1, "sender_user":
            {"id": 5, "is_bot": false, "first_name": "Ерлан"}}),
            json!("Ерлан"),
        ),
        (json!({"type": "hidden_user", "date": 1, "sender_user_name": "Кто-то"}), json!("Кто-то")),
        (
            json!({"type": "channel", "date": 1, "message_id": 1, "chat":
            {"id": -1001, "type": "channel", "title": "Новости"}}),
            json!("Новости"),
        ),
        (json!({"type": "something_new", "date": 1}), Value::Null),
    ] {
        let forwarded = incoming(json!({"text": "Смотрите", "forward_origin": origin}));
        assert_eq!(forwarded.metadata["forwarded_from"], name);
        assert_eq!(forwarded.text, "Смотрите");
    }
}

#[test]
fn an_edit_is_recorded_beside_the_first_form() {
    let mut edited = update(json!({"text": "интернет", "edit_date": 1_795_000_020}));
    let message = edited.as_object_mut().unwrap().remove("message").unwrap();
    edited["edited_message"] = message;
    let incoming = said(&edited).message;
    assert_eq!(incoming.text, "✏️ интернет");
    assert_eq!(incoming.external_id.as_deref(), Some("4242:77:15:edit:900"));
    assert_eq!(incoming.edits.as_deref(), Some("4242:77:15"));
    assert!(!incoming.is_asking());

    edited["edited_message"]["text"] = Value::Null;
    edited["edited_message"]["location"] = json!({"latitude": 1.0, "longitude": 2.0});
    assert!(matches!(hear(&edited), Heard::Nothing(_)), "a live location moves on");
}

#[test]
fn commands_are_the_bots_own() {
    let command = |text: &str, length: usize| {
        let entity = json!({"type": "bot_command", "offset": 0, "length": length});
        hear(&update(json!({"text": text, "entities": [entity]})))
    };
    for (text, length, phrase) in [
        ("/start", 6, Phrase::Greeting),
        ("/start TOKEN", 6, Phrase::Greeting),
        ("/help@HELP_test_bot", 19, Phrase::Help),
    ] {
        let Heard::Asked(asked) = command(text, length) else { panic!("{text} is no command") };
        assert_eq!((asked.phrase, asked.chat, asked.id.as_str()), (phrase, USER, "4242:900"));
        assert_eq!(asked.language.as_deref(), Some("kk"));
    }
    let texts = [
        ("/operator", 9, "Позвать оператора"),
        ("/operator нет связи", 9, "Позвать оператора\nнет связи"),
        ("/tariff", 7, "/tariff"),
        ("/start@other_bot", 16, "/start@other_bot"),
    ];
    for (text, length, words) in texts {
        let Heard::Said(said) = command(text, length) else { panic!("{text} is no message") };
        assert_eq!(said.message.text, words);
    }
    assert_eq!(incoming(json!({"text": "/start without the mark of a command"})).text.len(), 36);
}

#[test]
fn a_press_says_the_words_of_the_button_and_is_known_again() {
    let under = json!({"message_id": 31, "date": 0, "chat": {"id": USER, "type": "private"}});
    let from = json!({"id": USER, "is_bot": false, "first_name": "Айгуль"});
    let press = |id: &str, data: &str| {
        json!({"update_id": 901, "callback_query": {
            "id": id, "from": from, "message": under, "chat_instance": "1", "data": data,
        }})
    };
    let first = said(&press("p1", "operator"));
    assert_eq!(first.message.text, "Позвать оператора");
    assert_eq!(first.message.external_id.as_deref(), Some("4242:77:31:operator"));
    assert_eq!(first.button.as_deref(), Some("p1"));
    let again = said(&press("p2", "operator"));
    assert_eq!(again.message.external_id, first.message.external_id);
    assert!(matches!(hear(&press("p3", "something else")), Heard::Nothing(_)));
}

#[test]
fn what_nobody_said_is_nothing_and_what_is_new_is_unknown() {
    for fields in [
        json!({"new_chat_members": [{"id": 4242, "is_bot": true, "first_name": "Help"}]}),
        json!({"pinned_message": {"message_id": 1}}),
        json!({"forum_topic_created": {"name": "x", "icon_color": 1}}),
        json!({"migrate_to_chat_id": -1001}),
    ] {
        assert!(matches!(hear(&update(fields.clone())), Heard::Nothing(_)), "{fields}");
    }
    let member = json!({"update_id": 1, "my_chat_member": {"chat": {"id": 1}}});
    assert!(matches!(hear(&member), Heard::Nothing(_)));
    for fields in [json!({"hologram": {"file_id": "h"}}), json!({"text": " \n"}), json!({})] {
        assert!(matches!(hear(&update(fields.clone())), Heard::Unknown(_)), "{fields}");
    }
}
