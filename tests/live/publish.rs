//! `POST /api/events`

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{API_TOKEN, Answer, App, EXTERNAL_KEY, LiveClient, both};

const EVENTS: &str = "/api/events";

fn payment() -> Value {
    json!({ "type": "payment.completed", "payload": { "user_id": 1, "amount": 1500.0 } })
}

async fn post_text(app: &App, key: Option<&str>, body: &str) -> Answer {
    let mut request = app.http.plain(Method::POST, EVENTS).bearer_auth(API_TOKEN);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    app.http.send(request.body(body.to_owned())).await
}

both!(a_payload_comes_out_as_it_went_in, async |app: App| {
    let mut client = LiveClient::connect(&app.http, "").await;
    for (kind, payload) in [
        ("payment.completed", r#"{"b": 1.0, "a":1e16,"c" : -0.0, "d":123456789012345678901}"#),
        ("transaction.created", r#"{"я": "\u044f\ud83d\ude00", "n": [1.50, {}, null], "x":{}}"#),
        ("user.created", "{}"),
    ] {
        let body = format!("{{\"type\": \"{kind}\", \"payload\": {payload}, \"other\": 1}}");
        let made = post_text(&app, None, &body).await.expect(201);
        let text = client.text().await;
        let id = &made["id"];
        assert!(
            text.starts_with(&format!("{{\"type\":\"{kind}\",\"payload\":{payload},")),
            "{text}"
        );
        assert!(text.ends_with(&format!("\"id\":{id}}}")), "{text}");
    }
    let zero = "{\"type\":\"user.created\",\"payload\":{\"a\\u0000b\":\"\\\\u0000\\u0000\"}}";
    post_text(&app, None, zero).await.expect(201);
    assert!(client.text().await.contains("{\"a\\ufffdb\":\"\\\\u0000\\ufffd\"}"));
});

both!(a_repeat_is_the_same_event, async |app: App| {
    let mut client = LiveClient::connect(&app.http, "").await;
    let body = payment().to_string();
    let made = post_text(&app, Some("pay-1"), &body).await.expect(201);
    client.expect("payment.completed").await;
    // The same in other words.
    let again = r#"{"payload":{"amount":1.5e3, "user_id":1},"type":"payment.completed"}"#;
    assert_eq!(post_text(&app, Some("pay-1"), again).await.expect(201), made);
    client.is_quiet().await;
    let other = r#"{"type":"payment.completed","payload":{"amount":1}}"#;
    post_text(&app, Some("pay-1"), other).await.refused(409);
    post_text(&app, Some("pay 2"), other).await.refused(400);
    assert_ne!(post_text(&app, Some("pay-2"), &body).await.expect(201), made);
    assert_ne!(post_text(&app, None, &body).await.expect(201), made);
});

both!(repeats_at_the_same_moment_are_one_event, async |app: App| {
    let mut client = LiveClient::connect(&app.http, "").await;
    for round in 0..5 {
        let (key, body) = (format!("pay-{round}"), payment().to_string());
        let posts = (0..8).map(|_| post_text(&app, Some(&key), &body));
        let answers = futures_util::future::join_all(posts).await;
        let ids: Vec<Value> =
            answers.iter().map(|answer| answer.expect(201)["id"].clone()).collect();
        assert!(ids.iter().all(|id| id == &ids[0]), "{ids:?}");
        assert_eq!(client.expect("payment.completed").await["id"], ids[0]);
        client.is_quiet().await;
    }
});

both!(json_in_a_text_is_a_text, async |app: App| {
    let mut client = LiveClient::connect(&app.http, "").await;
    let body = |payload: &str| format!("{{\"type\":\"user.created\",\"payload\":{payload}}}");
    let key = "$serde_json::private::RawValue";
    for (number, inner) in ["[1]", "{}", "[[["].into_iter().enumerate() {
        let payload = format!("{{\"{key}\":\"{inner}\"}}");
        let idempotency = format!("user-{number}");
        post_text(&app, Some(&idempotency), &body(&payload)).await.expect(201);
        assert!(client.text().await.contains(&payload));
        post_text(&app, Some(&idempotency), &body("{}")).await.refused(409);
    }
    // As floats these would be the same.
    for (number, status) in [("12345678901234567890123", 201), ("12345678901234567890124", 409)] {
        let answer = post_text(&app, Some("long"), &body(&format!("{{\"a\":{number}}}"))).await;
        if status == 201 { drop(answer.expect(201)) } else { drop(answer.refused(409)) }
    }
});

both!(what_is_no_event_is_refused, async |app: App| {
    let large =
        format!("{{\"type\":\"user.created\",\"payload\":{{\"a\":\"{}\"}}}}", "x".repeat(65_529));
    for (status, body) in [
        (400, ""),
        (400, "[]"),
        (400, r#"{"type":"user.created"}"#),
        (400, r#"{"payload":{}}"#),
        (400, r#"{"type":5,"payload":{}}"#),
        (400, r#"{"type":"user.created","payload":[]}"#),
        (400, r#"{"type":"user.created","payload":"{}"}"#),
        (400, r#"{"type":"user.created","payload":null}"#),
        (400, r#"{"type":"user.created","payload":{"a":NaN}}"#),
        (400, r#"{"type":"user.created","payload":{"a":1e400}}"#),
        (
            400,
            &format!("{{\"type\":\"user.created\",\"payload\":{{\"a\":{}}}}}", "9".repeat(4_301)),
        ),
        (422, r#"{"type":"ticket.created","payload":{}}"#),
        (422, r#"{"type":"webhook.test","payload":{}}"#),
        (422, r#"{"type":"","payload":{}}"#),
        (422, large.as_str()),
    ] {
        post_text(&app, None, body).await.refused(status);
    }
    let request = || app.http.plain(Method::POST, EVENTS).json(&payment());
    app.http.send(request()).await.refused(401);
    app.http.send(request().bearer_auth(EXTERNAL_KEY)).await.refused(401);
    let conn = app.engine.store.read().await.unwrap();
    assert_eq!(centrium::store::events::first(&conn).await.unwrap(), None, "nothing was stored");
});

both!(what_arrives_together_is_told_apart, async |app: App| {
    let mut client = LiveClient::connect(&app.http, "").await;
    let body = |amount: usize| {
        format!("{{\"type\":\"payment.completed\",\"payload\":{{\"n\":{amount}}}}}")
    };
    // Each key is used by three: two mean the same event, the third another.
    let posts = (0..90).map(|n| {
        let (key, body) = (format!("pay-{}", n / 3), body(n / 3 + n % 3 / 2));
        let app = &app;
        async move { post_text(app, Some(&key), &body).await }
    });
    let answers = futures_util::future::join_all(posts).await;
    let mut ids = std::collections::BTreeMap::new();
    for (n, of_key) in answers.chunks(3).enumerate() {
        let made: Vec<_> = of_key.iter().filter(|answer| answer.status == 201).collect();
        let refused = of_key.iter().filter(|answer| answer.status == 409);
        assert_eq!(made.len() + refused.count(), 3, "{n}");
        assert!(made.iter().all(|answer| answer.json()["id"] == made[0].json()["id"]));
        // Which of the two was first is chance.
        let amount = if of_key[2].status == 201 { n + 1 } else { n };
        ids.insert(made[0].json()["id"].as_i64().unwrap(), amount);
    }
    assert_eq!(ids.len(), 30);
    for (id, amount) in ids {
        let frame = client.expect("payment.completed").await;
        assert_eq!(
            (&frame["id"], &frame["payload"]["n"]),
            (&Value::from(id), &Value::from(amount))
        );
    }
    client.is_quiet().await;
});
