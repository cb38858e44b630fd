//! From JSON to a message.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::external::{fingerprint, parse};
use crate::{ChannelKind, Content, Incoming, KeyId, Kind, Result};

fn read(body: &[u8]) -> Result<Incoming> {
    parse::object(body).and_then(|asked| parse::message(asked, KeyId::new("crm"), None))
}

fn read_json(body: &Value) -> Result<Incoming> {
    read(body.to_string().as_bytes())
}

/// A whole message with one field replaced, or left out.
fn with(field: &str, value: Option<Value>) -> Result<Incoming> {
    let mut body = json!({"user_identifier": "u", "text": "t"});
    match value {
        Some(value) => body[field] = value,
        None => drop(body.as_object_mut().unwrap().remove(field)),
    }
    read_json(&body)
}

fn sentence(read: Result<Incoming>) -> String {
    let error = read.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    error.sentence
}

#[test]
fn all_that_a_caller_may_say_is_in_the_message() {
    let message = read_json(&json!({
        "api_key": "k",
        "user_identifier": " User@Example.com ",
        "text": "\n У меня не работает интернет\u{0000} ",
        "image_base64": "iVBORw0KGgo=",
        "external_id": "crm-ticket-12345",
        "metadata": {
            "full_name": "Иванов Иван", "email": "u@example.com", "phone": "+77001234567",
            "plan": {"name": "fast"}, "tags": [1, null]
        },
        "unknown": [1, 2, 3]
    }))
    .unwrap();
    assert_eq!(message.channel, ChannelKind::Api);
    assert_eq!(message.sender.identifier, " User@Example.com ");
    assert_eq!(message.sender.name.as_deref(), Some("Иванов Иван"));
    assert_eq!(message.sender.email.as_deref(), Some("u@example.com"));
    assert_eq!(message.sender.phone.as_deref(), Some("+77001234567"));
    assert_eq!(message.text, "\n У меня не работает интернет\u{0000} ");
    assert_eq!(message.conversation.as_deref(), Some("crm-ticket-12345"));
    assert_eq!(message.external_id, None);
    assert_eq!(message.metadata, json!({"plan": {"name": "fast"}, "tags": [1, null]}));
    let image = &message.attachments[0];
    assert_eq!((image.name.as_str(), &image.content), ("image", &Content::Image));
    assert_eq!(image.bytes.as_ref(), b"\x89PNG\r\n\x1a\n");
}

#[test]
fn null_is_the_same_as_missing() {
    for body in [
        json!({"user_identifier": "u", "text": "t"}),
        json!({
            "user_identifier": "u", "text": "t", "image_base64": null, "external_id": null,
            "metadata": null
        }),
        json!({
            "user_identifier": "u", "text": "t",
            "metadata": {"full_name": null, "email": " ", "phone": ""}
        }),
    ] {
        let message = read_json(&body).unwrap();
        assert!(message.attachments.is_empty());
        assert_eq!((message.conversation, message.metadata), (None, Value::Null));
        let sender = message.sender;
        assert_eq!((sender.name, sender.email, sender.phone), (None, None, None));
    }
}

#[test]
fn each_mistake_in_a_field_has_its_sentence() {
    for (field, value, expected) in [
        ("user_identifier", None, "user_identifier is missing."),
        ("user_identifier", Some(json!(null)), "user_identifier is missing."),
        ("user_identifier", Some(json!(" \n")), "user_identifier must not be blank."),
        ("user_identifier", Some(json!(5)), "user_identifier must be a string."),
        ("text", None, "text is missing."),
        ("text", Some(json!("\u{2003}\t")), "text must not be blank."),
        ("text", Some(json!(["a"])), "text must be a string."),
        ("image_base64", Some(json!(1)), "image_base64 must be a string."),
        ("image_base64", Some(json!("no base64!")), "image_base64 is not base64."),
        ("image_base64", Some(json!("A")), "image_base64 is not base64."),
        ("image_base64", Some(json!("QUJD=QUJD")), "image_base64 is not base64."),
        ("image_base64", Some(json!("data:image/png,QUJD")), "image_base64 is not base64."),
        ("image_base64", Some(json!("data:image/png;base64")), "image_base64 is not base64."),
        (
            "image_base64",
            Some(json!(" ")),
            "image_base64 is empty; leave it out when there is no image.",
        ),
        ("external_id", Some(json!(12345)), "external_id must be a string."),
        (
            "external_id",
            Some(json!("")),
            "external_id must not be blank; leave it out when there is none.",
        ),
        ("metadata", Some(json!("a")), "metadata must be a JSON object."),
        ("metadata", Some(json!([])), "metadata must be a JSON object."),
        ("metadata", Some(json!({"full_name": 5})), "metadata.full_name must be a string."),
        ("metadata", Some(json!({"email": {}})), "metadata.email must be a string."),
        ("metadata", Some(json!({"phone": true})), "metadata.phone must be a string."),
    ] {
        assert_eq!(sentence(with(field, value.clone())), expected, "{field} = {value:?}");
    }
}

#[test]
fn each_broken_body_has_its_sentence() {
    for (body, expected) in [
        (b"".as_slice(), "The body is empty; it must be a JSON object."),
        (b" \n", "The body is empty; it must be a JSON object."),
        (b"{\"text\": \"\xff\"}", "The body is not valid UTF-8."),
        (b"[1]", "The body must be a JSON object."),
        (b"null", "The body must be a JSON object."),
        (b"{\n \"text\": }", "The body is not valid JSON: see line 2, column 10."),
        (b"{} {}", "The body is not valid JSON: see line 1, column 4."),
    ] {
        assert_eq!(sentence(read(body)), expected);
    }
    let deep = format!("{{\"metadata\": {}", "[".repeat(100_000));
    assert!(sentence(read(deep.as_bytes())).starts_with("The body is not valid JSON"));
    let many = format!("{{\"metadata\": [{}1]}}", "1,".repeat(100_000));
    assert_eq!(sentence(read(many.as_bytes())), "The body holds more than 100000 values.");
}

#[test]
fn a_byte_order_mark_is_passed_over_and_the_last_of_two_equal_keys_counts() {
    let body = "\u{feff}{\"user_identifier\":\"u\",\"text\":\"first\",\"text\":\"last\"}";
    assert_eq!(read(body.as_bytes()).unwrap().text, "last");
}

#[test]
fn an_image_needs_no_text() {
    for text in [None, Some(json!(null)), Some(json!("")), Some(json!(" "))] {
        let mut body = json!({"user_identifier": "u", "image_base64": "QUJD"});
        if let Some(text) = text {
            body["text"] = text;
        }
        assert_eq!(read_json(&body).unwrap().attachments.len(), 1);
    }
    let body = json!({"user_identifier": "u", "image_base64": "QUJD", "text": 5});
    assert_eq!(sentence(read_json(&body)), "text must be a string.");
}

#[test]
fn base64_is_read_however_it_is_written() {
    for text in [
        "+/+/QQ==",
        "-_-_QQ==",
        "+/+/QQ",
        "-_-_QR",
        " +/+/\r\n QQ\t==\n",
        "data:image/png;base64,+/+/QQ==",
        "DATA:image/svg+xml;charset=utf-8;BASE64,\n+/+/QQ",
        "data:;base64,+/+/QQ==",
    ] {
        let message = with("image_base64", Some(json!(text))).unwrap();
        assert_eq!(message.attachments[0].bytes.as_ref(), b"\xfb\xff\xbfA", "{text}");
    }
}

#[test]
fn a_phone_may_be_a_number() {
    let message = with("metadata", Some(json!({"phone": 77_001_234_567_i64}))).unwrap();
    assert_eq!(message.sender.phone.as_deref(), Some("77001234567"));
    assert_eq!(message.metadata, Value::Null);
}

#[test]
fn a_fingerprint_is_the_hash_of_the_sorted_json() {
    let asked = parse::object(br#"{"b": [1, {"d": "\u0436", "c": null}], "a": 1.50}"#).unwrap();
    // printf '%s' '{"a":1.5,"b":[1,{"c":null,"d":"ж"}]}' | sha256sum
    assert_eq!(
        fingerprint::of(&asked),
        "63c26954c915466cf32c6d398ed22b170f717497c45b6c789db8b2d4cbd9ebe4"
    );
    assert_ne!(fingerprint::of(&asked), fingerprint::of(&Map::new()));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "(data:image/png;base64,)?[A-Za-z0-9+/_ =\n-]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key =
            prop_oneof![any::<String>(), "full_name|email|phone|\\$serde_json::private::RawValue"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_stands_in_a_field_it_is_a_message_or_a_sentence(
        identifier in any_json(), text in any_json(), image in any_json(), id in any_json(),
        metadata in any_json(), right in any::<[bool; 2]>(),
    ) {
        let pick = |right: bool, other: Value| if right { json!("a") } else { other };
        let body = json!({
            "user_identifier": pick(right[0], identifier), "text": pick(right[1], text),
            "image_base64": image, "external_id": id, "metadata": metadata,
        });
        match read_json(&body) {
            Ok(message) => {
                prop_assert_eq!(&body["user_identifier"], &message.sender.identifier);
                prop_assert!(!message.text.trim().is_empty() || !message.attachments.is_empty());
            }
            Err(error) => {
                prop_assert_eq!(error.kind, Kind::Invalid);
                prop_assert!(error.sentence.contains(' ') && error.sentence.ends_with('.'));
            }
        }
    }

    #[test]
    fn whatever_bytes_come_it_is_an_object_or_a_sentence(
        bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[{}\\[\\]\",:0-9eE.+a-z\\\\ -]{0,60}",
    ) {
        for body in [bytes.as_slice(), text.as_bytes()] {
            if let Err(error) = parse::object(body) {
                prop_assert_eq!(error.kind, Kind::Invalid);
            }
        }
    }
}
