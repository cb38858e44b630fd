//! `POST /tickets/api/external/message`.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{CALLER, KEY, call, post, with_body};
use crate::external::{BODY_LIMIT, REPLY_WAIT};
use crate::testing::{Call, ScriptedInbox};
use crate::{Error, Kind, Reply};

fn message() -> Value {
    json!({"user_identifier": "user@example.com", "text": "No internet"})
}

fn keyed(body: &Value) -> axum::http::Request<Body> {
    with_body(post().header("X-API-Key", KEY), body)
}

fn reply() -> Reply {
    Reply {
        message_id: 77,
        text: "Здравствуйте!".to_owned(),
        needs_escalation: true,
        status: "in_progress".to_owned(),
    }
}

#[tokio::test]
async fn a_message_is_answered_with_the_reply() {
    let inbox = ScriptedInbox::new();
    inbox.reply_with(reply());
    let answer = call(&inbox, keyed(&message())).await.unwrap();
    let expected = "{\"success\":true,\"ticket_id\":1,\"reply\":\"Здравствуйте!\",\
        \"needs_escalation\":true,\"status\":\"in_progress\",\"message_id\":2,\"reply_id\":77}";
    assert_eq!(answer, expected);
    assert!(inbox.accepted()[0].message.awaits_reply);
    assert_eq!(inbox.waits(), [REPLY_WAIT]);
}

#[tokio::test]
async fn the_answer_waits_for_the_reply() {
    let inbox = ScriptedInbox::new();
    inbox.hold_replies();
    let mut waiting = Box::pin(call(&inbox, keyed(&message())));
    let early = tokio::time::timeout(Duration::from_millis(30), &mut waiting).await;
    assert!(early.is_err(), "answered before there was a reply: {early:?}");
    assert_eq!(inbox.accepted().len(), 1);
    inbox.reply_with(reply());
    assert!(waiting.await.unwrap().contains("Здравствуйте!"));
}

#[tokio::test]
async fn the_key_may_come_in_three_places() {
    let mut inside = message();
    inside["api_key"] = json!(KEY);
    let bearer = |value: String| post().header("Authorization", value);
    for request in [
        with_body(post(), &inside),
        keyed(&message()),
        with_body(bearer(format!("Bearer {KEY}")), &message()),
        with_body(bearer(format!("bearer  {KEY}")), &message()),
        with_body(bearer("Basic dTpw".to_owned()), &inside),
        with_body(post().header("X-API-Key", "  "), &inside),
    ] {
        let inbox = ScriptedInbox::new();
        assert!(call(&inbox, request).await.is_ok());
        assert_eq!(inbox.callers(), [(Some(KEY.to_owned()), Some(CALLER))]);
    }
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_401() {
    let with_key = |key: Value| {
        let mut body = message();
        body["api_key"] = key;
        with_body(post(), &body)
    };
    let not_text = post().header("X-API-Key", b"\xff\xfe".as_slice());
    for request in [
        with_body(post(), &message()),
        with_body(post(), &json!({})),
        with_key(json!("wrong")),
        with_key(json!(5)),
        with_key(json!(null)),
        with_key(json!([KEY])),
        with_body(post().header("X-API-Key", "wrong"), &message()),
        with_body(post().header("Authorization", "Bearer wrong"), &message()),
        with_body(post().header("Authorization", format!("Token {KEY}")), &message()),
        with_body(not_text, &message()),
        post().header("X-API-Key", "wrong").body(Body::from("{broken")).unwrap(),
    ] {
        let inbox = ScriptedInbox::new();
        let problem = call(&inbox, request).await.unwrap_err();
        assert_eq!(problem.status, StatusCode::UNAUTHORIZED, "{problem:?}");
        assert!(inbox.accepted().is_empty());
    }
}

#[tokio::test]
async fn a_key_in_a_header_counts_before_one_in_the_body() {
    let mut body = message();
    body["api_key"] = json!("wrong");
    assert!(call(&ScriptedInbox::new(), keyed(&body)).await.is_ok());

    body["api_key"] = json!(KEY);
    let request = with_body(post().header("X-API-Key", "wrong"), &body);
    let problem = call(&ScriptedInbox::new(), request).await.unwrap_err();
    assert_eq!(problem.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn broken_json_is_400_without_a_key_and_counts_against_the_address() {
    let broken = || post().body(Body::from("{broken")).unwrap();
    let inbox = ScriptedInbox::new();
    let problem = call(&inbox, broken()).await.unwrap_err();
    assert_eq!(problem.status, StatusCode::BAD_REQUEST);
    assert_eq!(problem.sentence, "The body is not valid JSON: see line 1, column 2.");
    assert_eq!(inbox.callers(), [(None, Some(CALLER))]);

    let too_many = Error::new(Kind::TooMany, "Too many requests.").after(Duration::from_secs(3));
    inbox.fail_next(Call::Authorize, too_many);
    let problem = call(&inbox, broken()).await.unwrap_err();
    assert_eq!(problem.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(problem.retry_after, Some(Duration::from_secs(3)));
}

#[tokio::test]
async fn a_body_up_to_12_mib_is_read_and_a_larger_one_is_413() {
    let fill = |bytes: usize| {
        let mut body = message().to_string();
        body.push_str(&" ".repeat(bytes - body.len()));
        post().header("X-API-Key", KEY).body(Body::from(body)).unwrap()
    };
    let inbox = ScriptedInbox::new();
    assert!(call(&inbox, fill(BODY_LIMIT)).await.is_ok());
    let problem = call(&inbox, fill(BODY_LIMIT + 1)).await.unwrap_err();
    assert_eq!(problem.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(problem.sentence, "The body is larger than 12 MiB.");
}

#[tokio::test]
async fn a_repeat_under_one_idempotency_key_has_the_first_answer() {
    let inbox = ScriptedInbox::new();
    let repeat = |text: &str| {
        let headers = post().header("X-API-Key", KEY).header("Idempotency-Key", "k-1");
        headers.body(Body::from(text.to_owned())).unwrap()
    };
    let first = r#"{"user_identifier":"u","text":"a","metadata":{"x":1,"y":[2]}}"#;
    let reordered = r#"{ "metadata": {"y": [2], "x": 1}, "text": "\u0061", "user_identifier": "u", "api_key": "any" }"#;
    let answer = call(&inbox, repeat(first)).await.unwrap();
    assert_eq!(call(&inbox, repeat(reordered)).await.unwrap(), answer);

    for other in [first.replace("\"a\"", "\"b\""), first.replace('2', "3")] {
        let problem = call(&inbox, repeat(&other)).await.unwrap_err();
        assert_eq!(problem.status, StatusCode::CONFLICT);
    }
}

#[tokio::test]
async fn two_callers_may_use_the_same_idempotency_key() {
    let inbox = ScriptedInbox::new();
    let ask = |key: &str, text: &str| {
        let body = json!({"user_identifier": "u", "text": text});
        with_body(post().header("X-API-Key", key).header("Idempotency-Key", "1"), &body)
    };
    let one = call(&inbox, ask(ScriptedInbox::KEY, "from one")).await.unwrap();
    let other = call(&inbox, ask(ScriptedInbox::OTHER_KEY, "from another")).await.unwrap();
    assert_ne!(one, other);
    assert_eq!(call(&inbox, ask(ScriptedInbox::KEY, "from one")).await.unwrap(), one);

    let mut inside = json!({"user_identifier": "u", "text": "from another"});
    inside["api_key"] = json!(ScriptedInbox::OTHER_KEY);
    let inside = with_body(post().header("Idempotency-Key", "1"), &inside);
    assert_eq!(call(&inbox, inside).await.unwrap(), other, "the key's place makes no difference");
}

#[tokio::test]
async fn an_idempotency_key_is_1_to_255_visible_characters() {
    let with_key = |key: &[u8]| {
        with_body(post().header("X-API-Key", KEY).header("Idempotency-Key", key), &message())
    };
    for good in ["1", "\"8e03978e-40d5\"", &"k".repeat(255)] {
        assert!(call(&ScriptedInbox::new(), with_key(good.as_bytes())).await.is_ok());
    }
    let twice = post().header("X-API-Key", KEY).header("Idempotency-Key", "1");
    let twice = with_body(twice.header("Idempotency-Key", "2"), &message());
    let long = "k".repeat(256);
    let bad = [b"".as_slice(), b"a b", "ключ".as_bytes(), long.as_bytes()].map(with_key);
    for request in bad.into_iter().chain([twice]) {
        let problem = call(&ScriptedInbox::new(), request).await.unwrap_err();
        assert_eq!(problem.status, StatusCode::BAD_REQUEST);
        assert!(problem.sentence.starts_with("Idempotency-Key must be"), "{problem:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_ready_is_503_and_can_be_fetched() {
    let inbox = ScriptedInbox::new();
    let request =
        || with_body(post().header("X-API-Key", KEY).header("Idempotency-Key", "k"), &message());
    inbox.never_reply();
    let problem = call(&inbox, request()).await.unwrap_err();
    assert_eq!(problem.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        problem.sentence,
        "Your message is stored; the answer is not ready yet. \
         Send the same request with the same Idempotency-Key to fetch it."
    );
    assert_eq!(problem.retry_after, Some(Duration::from_secs(5)));

    inbox.reply_with(reply());
    assert!(call(&inbox, request()).await.unwrap().contains("\"reply_id\":77"));
    let accepted = inbox.accepted();
    assert_eq!(accepted[0].receipt.message_id, accepted[1].receipt.message_id);
}

#[tokio::test]
async fn who_has_no_idempotency_key_is_not_told_to_send_a_stored_message_again() {
    let inbox = ScriptedInbox::new();
    inbox.fail_next(Call::ReplyTo, Error::new(Kind::Unavailable, "The store is away."));
    let problem = call(&inbox, keyed(&message())).await.unwrap_err();
    assert_eq!(problem.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(problem.sentence.contains("Do not send it again"), "{problem:?}");
    assert!(problem.sentence.contains("/tickets/api/external/tickets/1/"), "{problem:?}");
    assert_eq!(problem.retry_after, None);
}
