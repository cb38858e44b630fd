//! A client that takes too little is cut off, holds up nobody, and misses nothing when it comes back.

use std::time::Duration;

use centrium::events::Pace;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::socket::metrics;
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
    let (mut seen, reason) = rest(&mut slow).await;
    let reached = *seen.last().unwrap();
    assert!(reached < last, "it was not slow");
    assert_eq!(reason, format!("Too slow: come again with after={reached}."));
    let mut back = LiveClient::connect(&app.http, &format!("after={reached}")).await;
    seen.extend(back.ids_until(last).await);
    assert_eq!(seen, (1..=last).collect::<Vec<_>>());
});

both!(a_client_that_stops_in_the_midst_is_told_of_the_last_that_it_was_sent, async |app: App| {
    let pace = Pace { silence: Duration::from_millis(300), ..Pace::default() };
    let app = app.restart(Options { pace: Some(pace), ..Options::default() }).await;
    let payload = json!({ "text": "x".repeat(60_000) });
    for _ in 0..EVENTS / 20 {
        let tx = app.engine.store.begin().await.unwrap();
        write(&tx, (0..20).map(|_| event(KIND, &payload)).collect()).await;
        tx.commit().await.unwrap();
    }
    let mut slow = LiveClient::connect_with(&app.http, "after=0", Some(4_096)).await;
    let cut_off = "centrium_live_cut_off_total{reason=\"slow\"} 1";
    while !metrics(&app).await.lines().any(|printed| printed == cut_off) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (seen, reason) = rest(&mut slow).await;
    let reached = *seen.last().unwrap();
    assert_eq!(reason, format!("Too slow: come again with after={reached}."));
    assert_eq!(seen, (1..=reached).collect::<Vec<_>>());
});

/// The ids of what still comes to a client that is cut off, and the reason.
async fn rest(slow: &mut LiveClient) -> (Vec<i64>, String) {
    let mut seen = Vec::new();
    loop {
        match slow.message().await.unwrap() {
            Message::Text(text) => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                seen.push(frame["id"].as_i64().unwrap());
            }
            Message::Close(Some(close)) => {
                assert_eq!(u16::from(close.code), 4008);
                return (seen, close.reason.to_string());
            }
            _ => {}
        }
    }
}
