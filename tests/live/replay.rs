//! Coming back with `after`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use centrium::clock::DAY;
use centrium::jobs::housekeeping;
use rand::RngExt;
use serde_json::json;

use super::write_numbers;
use crate::harness::{App, LiveClient, both};

both!(what_was_missed_comes_first_and_then_what_happens, async |app: App| {
    // More than a page, so that it takes several looks.
    let last = write_numbers(&app.engine.store, 0..1_000).await;
    let mut client = LiveClient::connect(&app.http, "after=10").await;
    assert_eq!(client.ids_until(last).await, (11..=last).collect::<Vec<_>>());
    let next = write_numbers(&app.engine.store, 0..2).await;
    assert_eq!(client.ids_until(next).await, [last + 1, last + 2]);

    let mut nothing = LiveClient::connect(&app.http, &format!("after={next}")).await;
    nothing.is_quiet().await;
    let more = write_numbers(&app.engine.store, 0..1).await;
    assert_eq!(nothing.ids_until(more).await, [more]);
    let mut all = LiveClient::connect(&app.http, "after=0").await;
    assert_eq!(all.ids_until(more).await, (1..=more).collect::<Vec<_>>());
});

both!(an_id_that_the_log_does_not_know_is_told, async |app: App| {
    let mut early = LiveClient::connect(&app.http, "after=0").await;
    early.is_quiet().await;
    let mut wrong = LiveClient::connect(&app.http, "after=5").await;
    let told = wrong.expect("error").await["message"].as_str().unwrap().to_owned();
    assert!(told.contains("first is 1,") && told.contains("last is 0."), "{told}");

    let last = write_numbers(&app.engine.store, 0..20).await;
    assert_eq!(early.ids_until(last).await.len(), 20);
    assert_eq!(wrong.ids_until(last).await.len(), 20);
    let mut later = LiveClient::connect(&app.http, "after=21").await;
    let told = later.expect("error").await["message"].as_str().unwrap().to_owned();
    assert!(told.contains("first is 1,") && told.contains("last is 20."), "{told}");
    assert_eq!(later.ids_until(last).await.len(), 20, "it goes on from the first");

    app.engine.clock.advance(31 * DAY);
    housekeeping::tidy_up(&app.engine).await.unwrap();
    let kept = write_numbers(&app.engine.store, 0..2).await;
    let mut old = LiveClient::connect(&app.http, "after=3").await;
    let told = old.expect("error").await["message"].as_str().unwrap().to_owned();
    assert!(told.contains("first is 21,") && told.contains("last is 22."), "{told}");
    assert_eq!(old.ids_until(kept).await, [21, 22]);
    app.engine.clock.advance(31 * DAY);
    housekeeping::tidy_up(&app.engine).await.unwrap();
    let mut known = LiveClient::connect(&app.http, "after=22").await;
    known.is_quiet().await;
});

both!(a_client_that_has_seen_no_event_knows_where_to_come_back, async |app: App| {
    let last = write_numbers(&app.engine.store, 0..3).await;
    let mut client = LiveClient::connect(&app.http, "position=true").await;
    assert_eq!(client.next().await, json!({ "type": "position", "id": last }));
    client.is_quiet().await;
    drop(client);
    let next = write_numbers(&app.engine.store, 0..2).await;
    let back = format!("position=true&after={last}");
    let mut client = LiveClient::connect(&app.http, &back).await;
    assert_eq!(client.next().await, json!({ "type": "position", "id": last }));
    assert_eq!(client.ids_until(next).await, [last + 1, last + 2]);
    let mut wrong = LiveClient::connect(&app.http, "position=true&after=99").await;
    wrong.expect("error").await;
    assert_eq!(wrong.next().await, json!({ "type": "position", "id": 0 }));
    let mut plain = LiveClient::connect(&app.http, "position=false").await;
    plain.is_quiet().await;
});

/// How often the client comes back.
fn times() -> usize {
    if std::env::var_os("CHAOS").is_some() { 1_000 } else { 60 }
}

both!(a_client_that_comes_back_at_any_moment_sees_each_event_once, async |app: App| {
    let over = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (store, over) = (app.engine.store.clone(), over.clone());
            tokio::spawn(async move {
                let mut last = 0;
                while !over.load(Ordering::Relaxed) {
                    let count = rand::rng().random_range(1..8);
                    last = write_numbers(&store, 0..count).await;
                    let pause = rand::rng().random_range(0..4);
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                last
            })
        })
        .collect();
    let mut seen: Vec<i64> = Vec::new();
    for _ in 0..times() {
        let after = seen.last().copied().unwrap_or(0);
        let mut client = LiveClient::connect(&app.http, &format!("after={after}")).await;
        for _ in 0..rand::rng().random_range(0..40) {
            seen.push(client.next().await["id"].as_i64().unwrap());
        }
    }
    over.store(true, Ordering::Relaxed);
    let mut last = 0;
    for writer in writers {
        last = last.max(writer.await.unwrap());
    }
    let after = seen.last().copied().unwrap_or(0);
    if after < last {
        let mut client = LiveClient::connect(&app.http, &format!("after={after}")).await;
        seen.extend(client.ids_until(last).await);
    }
    // Nobody rolled back, and so no id is missing.
    assert_eq!(seen, (1..=last).collect::<Vec<_>>());
});
