//! A client that takes too little is cut off, holds up nobody, and misses nothing when it comes back.

use centrium::events::Pace;
use serde_json::json;

use super::{KIND, event, write};
use crate::harness::{App, LiveClient, Options, both};

/// More than the system keeps for a client that reads nothing.
const EVENTS: usize = 400;

both!(a_slow_client_is_told_where_to_go_on, async |app: App| {
    let pace = Pace { ring: 64, ..Pace::default() };
    let app = app.restart(Options { pace: Some(pace), ..Options::default() }).await;
    let mut slow = LiveClient::connect_with(&app.http, "", Some(4_096)).await;
    let mut quick = LiveClient::connect(&app.http, "").await;
    let text = "x".repeat(60_000);
    let mut last = 0;
    for n in 0..EVENTS {
        let tx = app.engine.store.begin().await.unwrap();
        write(&tx, vec![event(KIND, &json!({ "n": n, "text": text }))]).await;
        tx.commit().await.unwrap();
        last = quick.expect(KIND).await["id"].as_i64().unwrap();
    }
    let mut seen = Vec::new();
    let reason = loop {
        match slow.message().await.unwrap() {
            tokio_tungstenite::tungstenite::Message::Text(text) => {
                let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
                seen.push(frame["id"].as_i64().unwrap());
            }
            tokio_tungstenite::tungstenite::Message::Close(Some(close)) => {
                assert_eq!(u16::from(close.code), 4008);
                break close.reason.to_string();
            }
            _ => {}
        }
    };
    let reached = *seen.last().unwrap();
    assert!(reached < last, "it was not slow");
    assert_eq!(reason, format!("Too slow: come again with after={reached}."));
    let mut back = LiveClient::connect(&app.http, &format!("after={reached}")).await;
    seen.extend(back.ids_until(last).await);
    assert_eq!(seen, (1..=last).collect::<Vec<_>>());
});
