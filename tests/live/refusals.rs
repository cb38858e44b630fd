//! Who may not open `/ws`, and what is no proper question.

use reqwest::{Method, RequestBuilder};

use crate::harness::{API_TOKEN, Answer, App, EXTERNAL_KEY, LiveClient, Options, both};
use centrium::events::Pace;
use centrium::keys::digest;
use centrium::store::keys::{self, ApiKey};
use std::time::Duration;

/// A request for a WebSocket, as a browser makes it.
pub fn upgrade(app: &App, path: &str) -> RequestBuilder {
    app.http
        .plain(Method::GET, path)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
}

async fn open(app: &App, query: &str) -> Answer {
    app.http.send(upgrade(app, &format!("/ws?{query}"))).await
}

async fn status(app: &App, query: &str) -> u16 {
    upgrade(app, &format!("/ws?{query}")).send().await.unwrap().status().as_u16()
}

async fn add_key(app: &App, scope: &str) -> String {
    let value = format!("a-key-of-scope-{scope}-0123456789abcdefghij");
    let tx = app.engine.store.begin().await.unwrap();
    let digest = digest(&value);
    let row = ApiKey { name: scope.into(), scope: scope.into(), digest, created_at: 1 };
    keys::insert(&tx, &row).await.unwrap();
    tx.commit().await.unwrap();
    value
}

both!(a_key_must_open_it, async |app: App| {
    for query in ["", "token=", "token=wrong", "api_key=wrong", "token=wrong&api_key=wrong"] {
        open(&app, query).await.refused(401);
    }
    open(&app, &format!("token={EXTERNAL_KEY}")).await.refused(401);
    assert_eq!(status(&app, &format!("token={API_TOKEN}")).await, 101);
    assert_eq!(status(&app, &format!("api_key={API_TOKEN}")).await, 101);
    for (scope, expected) in [("live", 101), ("read", 101), ("external", 401)] {
        let key = add_key(&app, scope).await;
        assert_eq!(status(&app, &format!("token={key}")).await, expected, "{scope}");
    }
});

both!(a_key_of_scope_live_opens_nothing_else, async |app: App| {
    let key = add_key(&app, "live").await;
    for path in ["/api/tickets", "/metrics", "/api/contacts"] {
        let request = app.http.plain(Method::GET, path).bearer_auth(&key);
        app.http.send(request).await.refused(401);
    }
});

both!(guesses_are_counted, async |app: App| {
    let config = vec![("RATE_LIMIT_PER_IP", String::from("3"))];
    let app = app.restart(Options { config, ..Options::default() }).await;
    for _ in 0..3 {
        open(&app, "token=guess").await.refused(401);
    }
    let refused = open(&app, "token=guess").await;
    refused.refused(429);
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(status(&app, &format!("token={API_TOKEN}")).await, 101);
});

both!(the_requests_of_a_key_are_counted, async |app: App| {
    let config = vec![("RATE_LIMIT_PER_KEY", String::from("2"))];
    let app = app.restart(Options { config, ..Options::default() }).await;
    for _ in 0..2 {
        assert_eq!(status(&app, &format!("token={API_TOKEN}")).await, 101);
    }
    open(&app, &format!("token={API_TOKEN}")).await.refused(429);
});

both!(a_wrong_question_is_told_before_the_socket_opens, async |app: App| {
    for (query, word) in [
        ("types=ticket.opened", "ticket.opened"),
        ("types=", "\"\""),
        ("types=ticket.created,", "\"\""),
        ("types=webhook.test", "webhook.test"),
        ("ticket=x", "ticket"),
        ("ticket=0", "ticket"),
        ("after=-1", "after"),
        ("after=1.5", "after"),
        ("after=99999999999999999999", "after"),
        ("after=1&after=2", "after"),
    ] {
        let sentence = open(&app, &format!("token={API_TOKEN}&{query}")).await.refused(400);
        assert!(sentence.contains(word), "{query}: {sentence}");
    }
    let plain = app.http.plain(Method::GET, &format!("/ws?token={API_TOKEN}"));
    let plain = app.http.send(plain).await;
    let status = plain.status.as_u16();
    assert!(matches!(status, 400 | 426), "{status}");
    plain.refused(status);
    app.http.post(&format!("/ws?token={API_TOKEN}"), serde_json::json!({})).await.refused(405);
});

both!(a_key_that_is_taken_away_closes_its_lines, async |app: App| {
    let pace = Pace { ping: Duration::from_millis(20), ..Pace::default() };
    let app = app.restart(Options { pace: Some(pace), ..Options::default() }).await;
    let key = add_key(&app, "live").await;
    let mut client = LiveClient::connect_by(&app.http, &format!("token={key}"), None).await;
    let tx = app.engine.store.begin().await.unwrap();
    keys::remove(&tx, "live").await.unwrap();
    tx.commit().await.unwrap();
    let (code, reason) = client.end().await;
    assert_eq!(code, 1008, "{reason}");
});
