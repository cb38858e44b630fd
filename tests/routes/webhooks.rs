//! `/webhooks`

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{API_TOKEN, App, EXTERNAL_KEY, both};

/// An address that every resolver knows, and that is nobody's.
const URL: &str = "http://93.184.216.34/webhook";

fn hook() -> Value {
    json!({
        "name": "My Webhook", "url": URL, "event_type": "user.created",
        "secret": "optional-secret-for-signing", "description": "New customers",
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut hook = hook();
    hook[field] = value;
    hook
}

both!(a_webhook_comes_changes_and_goes, async |app: App| {
    let made = app.http.post("/webhooks", hook()).await.expect(201);
    let mut fields: Vec<_> = made.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    let all = [
        "created_at",
        "description",
        "disabled_reason",
        "event_type",
        "failing_since",
        "failure_count",
        "id",
        "is_active",
        "last_triggered_at",
        "name",
        "success_count",
        "updated_at",
        "url",
    ];
    assert_eq!(fields, all, "the secret is not among them");
    assert_eq!((&made["name"], &made["url"]), (&json!("My Webhook"), &json!(URL)));
    assert_eq!((&made["is_active"], &made["success_count"]), (&json!(true), &json!(0)));
    assert_eq!((&made["last_triggered_at"], &made["failing_since"]), (&Value::Null, &Value::Null));

    let one = format!("/webhooks/{}", made["id"]);
    assert_eq!(app.http.get(&one).await.expect(200), made);
    assert_eq!(app.http.get(&format!("{one}/")).await.expect(200), made);
    app.engine.clock.advance(5_000);
    let patch = json!({ "name": "Updated Name", "is_active": false, "unknown": 1 });
    let changed = app.http.patch(&one, patch).await.expect(200);
    let mut expected = made.clone();
    expected["name"] = json!("Updated Name");
    expected["is_active"] = json!(false);
    expected["updated_at"].clone_from(&changed["updated_at"]);
    assert_eq!(changed, expected);
    assert_ne!(changed["updated_at"], made["updated_at"]);
    let bare = app.http.patch(&one, json!({ "description": null, "secret": null })).await;
    assert_eq!(bare.expect(200)["description"], Value::Null);

    let gone = app.http.delete(&one).await;
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    for path in ["/webhooks/1", "/webhooks/0", "/webhooks/x", "/webhooks/1/deliveries"] {
        let missing = app.http.get(path).await.expect(404);
        assert_eq!(missing, json!({ "detail": "Webhook not found" }), "{path}");
    }
    let missing = json!({ "detail": "Webhook not found" });
    assert_eq!(app.http.delete(&one).await.expect(404), missing);
    assert_eq!(app.http.patch(&one, json!({})).await.expect(404), missing);
    for path in ["test", "rotate-secret", "deliveries/1/retry"] {
        let answer = app.http.post(&format!("{one}/{path}"), json!({})).await;
        assert_eq!(answer.expect(404), missing, "{path}");
    }
    let replay = json!({ "since": "2026-01-01T00:00:00Z" });
    assert_eq!(app.http.post(&format!("{one}/replay"), replay).await.expect(404), missing);
});

both!(what_is_no_webhook_is_refused_in_a_sentence, async |app: App| {
    for (field, value, part) in [
        ("event_type", json!("ticket.exploded"), "ticket.created"),
        ("event_type", json!("webhook.test"), "event_type"),
        ("url", json!("ftp://example.com/"), "http"),
        ("url", json!("example.com"), ""),
        ("url", json!("http://127.0.0.1/hook"), ""),
        ("url", json!("http://10.1.2.3/hook"), ""),
        ("url", json!(format!("{URL}?{}", "a".repeat(2_048))), "2048"),
        ("name", json!(" "), "empty"),
        ("name", json!("a".repeat(201)), "200"),
        ("description", json!("a".repeat(2_001)), "2000"),
        ("secret", json!(""), "empty"),
        ("secret", json!("whsec_?"), "base64"),
        ("secret", json!("a".repeat(501)), "500"),
    ] {
        let refused = app.http.post("/webhooks", with(field, value.clone())).await;
        let sentence = refused.expect(422)["detail"].as_str().unwrap().to_owned();
        assert!(sentence.contains(part), "{field} {value}: {sentence}");
        assert_eq!(refused.refused(422), sentence);
    }
    for (field, value) in [("name", json!(1)), ("url", Value::Null), ("secret", json!({}))] {
        app.http.post("/webhooks", with(field, value)).await.refused(400);
    }
    for field in ["name", "url", "event_type"] {
        let mut without = hook();
        without.as_object_mut().unwrap().remove(field);
        let sentence = app.http.post("/webhooks", without).await.refused(400);
        assert!(sentence.contains(field), "{sentence}");
    }
    assert_eq!(app.http.get("/webhooks").await.expect(200)["total"], 0);

    let made = app.http.post("/webhooks", hook()).await.expect(201);
    let one = format!("/webhooks/{}", made["id"]);
    for patch in [
        json!({ "event_type": "nothing" }),
        json!({ "url": "http://[::1]/" }),
        json!({ "name": null }),
        json!({ "is_active": null }),
        json!({ "name": "Other", "secret": "" }),
    ] {
        app.http.patch(&one, patch).await.refused(422);
    }
    app.http.patch(&one, json!({ "is_active": "yes" })).await.refused(400);
    assert_eq!(app.http.get(&one).await.expect(200), made, "all of it, or nothing");
});

both!(webhooks_are_listed_newest_first_in_pages, async |app: App| {
    for (name, kind) in [("a", "user.created"), ("b", "*"), ("c", "user.created")] {
        let made = json!({ "name": name, "url": URL, "event_type": kind });
        app.http.post("/webhooks", made).await.expect(201);
    }
    app.http.patch("/webhooks/1", json!({ "is_active": false })).await.expect(200);
    let list = async |query: &str| {
        let page = app.http.get(&format!("/webhooks?{query}")).await.expect(200);
        let names: Vec<_> =
            page["items"].as_array().unwrap().iter().map(|h| h["name"].clone()).collect();
        (json!(names), page["total"].clone(), page["limit"].clone(), page["offset"].clone())
    };
    assert_eq!(list("").await, (json!(["c", "b", "a"]), json!(3), json!(50), json!(0)));
    assert_eq!(list("limit=1&offset=1").await, (json!(["b"]), json!(3), json!(1), json!(1)));
    let asked = "event_type=user.created&is_active=true&limit=50&offset=0";
    assert_eq!(list(asked).await, (json!(["c"]), json!(1), json!(50), json!(0)));
    assert_eq!(list("event_type=*").await.0, json!(["b"]));
    assert_eq!(list("is_active=false").await.0, json!(["a"]));
    assert_eq!(list("offset=7").await, (json!([]), json!(3), json!(50), json!(7)));
    for wrong in
        ["event_type=x", "is_active=maybe", "limit=0", "limit=201", "offset=-1", "offset=x"]
    {
        app.http.get(&format!("/webhooks?{wrong}")).await.refused(400);
    }
    app.http.get("/webhooks/1/deliveries?status=lost").await.refused(400);
});

both!(only_the_api_token_opens_webhooks, async |app: App| {
    for (method, path) in [
        (Method::GET, "/webhooks"),
        (Method::POST, "/webhooks"),
        (Method::GET, "/webhooks/stats"),
        (Method::GET, "/webhooks/1"),
        (Method::PATCH, "/webhooks/1"),
        (Method::DELETE, "/webhooks/1"),
        (Method::GET, "/webhooks/1/deliveries"),
        (Method::POST, "/webhooks/1/test"),
        (Method::POST, "/webhooks/1/replay"),
        (Method::POST, "/webhooks/1/rotate-secret"),
        (Method::POST, "/webhooks/1/deliveries/1/retry"),
    ] {
        let plain = app.http.plain(method.clone(), path);
        app.http.send(plain).await.refused(401);
        let wrong = app.http.plain(method, path).bearer_auth(EXTERNAL_KEY);
        app.http.send(wrong).await.refused(401);
    }
    let wrong = app.http.plain(Method::PUT, "/webhooks/1").bearer_auth(API_TOKEN);
    let sentence = app.http.send(wrong).await.expect(405)["detail"].clone();
    assert!(sentence.is_string());
});

both!(a_secret_is_rotated_and_shown_once, async |app: App| {
    let bare = json!({ "name": "a", "url": URL, "event_type": "*" });
    app.http.post("/webhooks", bare).await.expect(201);
    let first = app.http.post("/webhooks/1/rotate-secret", json!({})).await.expect(200);
    let secret = first["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    assert_eq!(first["previous_secret_until"], Value::Null, "there was none");

    let own = json!({ "secret": "my own secret" });
    let second = app.http.post("/webhooks/1/rotate-secret", own).await.expect(200);
    assert_eq!(second["secret"], Value::Null, "the caller knows it");
    assert!(second["previous_secret_until"].is_string());
    assert!(!second.to_string().contains("my own secret"));
    let shown = app.http.get("/webhooks/1").await.expect(200).to_string();
    assert!(!shown.contains("secret") && !shown.contains("whsec_"), "{shown}");
    for wrong in [json!({ "secret": "" }), json!({ "secret": "whsec_!" })] {
        app.http.post("/webhooks/1/rotate-secret", wrong).await.refused(422);
    }
    app.http.post("/webhooks/1/rotate-secret", json!({ "secret": 1 })).await.refused(400);
    let path = "/webhooks/1/rotate-secret";
    let empty = app.http.plain(Method::POST, path).bearer_auth(API_TOKEN);
    let third = app.http.send(empty).await.expect(200);
    assert!(third["secret"].is_string(), "a body is not needed");
});
