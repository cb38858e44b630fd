//! Whatever stands in a field, the answer is a 2xx or a 4xx with a sentence.

use proptest::prelude::{Strategy, any};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{App, both};

/// Any JSON of a small depth, with the values that programs stumble over among them.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = proptest::prop_oneof![
        proptest::strategy::Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        "\\PC{0,12}".prop_map(Value::from),
        proptest::sample::select(vec![
            json!(""),
            json!(" "),
            json!("\u{0}"),
            json!("closed"),
            json!("new"),
            json!("high"),
            json!("internet"),
            json!("'; DROP TABLE tickets; --"),
            json!("\u{202E}\u{FFFF}\u{1F600}"),
            json!("x".repeat(300)),
            json!(u64::MAX),
            json!(-1),
        ]),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        proptest::prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("\\PC{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const ROUTES: &[(&str, &str, &[&str])] = &[
    (
        "POST",
        "/tickets/api/external/message/",
        &["user_identifier", "text", "image_base64", "external_id", "metadata"],
    ),
    ("POST", "/api/tickets/1/messages", &["text", "note", "operator", "attachments"]),
    (
        "PATCH",
        "/api/tickets/1",
        &["status", "priority", "category", "department", "operator", "needs_escalation"],
    ),
    ("POST", "/api/tickets/1/join", &["operator"]),
    ("POST", "/api/tickets/1/leave", &["operator"]),
    ("PATCH", "/api/channels/web", &["is_active"]),
    ("POST", "/webhooks", &["name", "url", "event_type", "secret", "description"]),
    ("PATCH", "/webhooks/1", &["name", "url", "event_type", "secret", "description", "is_active"]),
    ("POST", "/webhooks/1/rotate-secret", &["secret"]),
    ("POST", "/webhooks/1/replay", &["since", "until"]),
    ("PATCH", "/api/knowledge/oracle/en", &["category", "title", "questions", "body", "links"]),
];

both!(any_json_in_any_field_is_taken_or_refused_in_a_sentence, async |app: App| {
    app.http.say("anna", "интернет не работает").await;
    let article = json!({
        "id": "oracle", "language": "en", "category": "other", "title": "Oracle",
        "questions": ["who knows"], "body": "The oracle.",
    });
    app.http.post("/api/knowledge", article).await.expect(201);
    // Nothing happens here that it would be told of.
    let hook = json!({
        "name": "a", "url": "http://93.184.216.34/", "event_type": "payment.completed",
    });
    app.http.post("/webhooks", hook).await.expect(201);
    let mut runner = TestRunner::deterministic();
    for (method, path, fields) in ROUTES {
        for field in *fields {
            for _ in 0..12 {
                let value = any_json().new_tree(&mut runner).unwrap().current();
                let mut body = json!({ "user_identifier": "anna", "text": "привет" });
                body[*field] = value;
                refused_or_taken(&app, method, path, &body).await;
            }
        }
        for _ in 0..12 {
            let whole = any_json().new_tree(&mut runner).unwrap().current();
            refused_or_taken(&app, method, path, &whole).await;
        }
    }
});

both!(any_text_in_any_filter_is_taken_or_refused_in_a_sentence, async |app: App| {
    app.http.say("anna", "интернет не работает").await;
    let mut runner = TestRunner::deterministic();
    let filters = [
        "status",
        "channel",
        "priority",
        "category",
        "operator",
        "escalated",
        "q",
        "limit",
        "after",
    ];
    for filter in filters {
        for _ in 0..12 {
            let text = "\\PC{0,20}".new_tree(&mut runner).unwrap().current();
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair(filter, &text)
                .finish();
            let answer = app.http.get(&format!("/api/tickets?{query}")).await;
            if !answer.status.is_success() {
                answer.refused(400);
            }
        }
    }
});

async fn refused_or_taken(app: &App, method: &str, path: &str, body: &Value) {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let key = if path.starts_with("/api/") || path.starts_with("/webhooks") {
        crate::harness::API_TOKEN
    } else {
        crate::harness::EXTERNAL_KEY
    };
    let answer = app.http.send(app.http.plain(method, path).bearer_auth(key).json(body)).await;
    let status = answer.status.as_u16();
    if !answer.status.is_success() {
        assert!((400..500).contains(&status), "{path} {body}: {status} {}", answer.json());
        answer.refused(status);
    }
}
