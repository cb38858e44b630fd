//! SIGKILL while other systems are told of events: each is told of every one, and what comes twice has
//! the same id.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use centrium::store::{Store, events};
use rand::RngExt;
use serde_json::json;

use super::senders::Senders;
use super::short_or_long;
use crate::harness::{Client, Kind, Place, Receiver, Says};

/// Requests that may be on their way at a kill, or have ended and are not written, to all addresses.
const IN_FLIGHT: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everyone_is_told_of_everything_on_sqlite() {
    survive(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everyone_is_told_of_everything_on_postgres() {
    survive(Kind::Postgres).await;
}

async fn survive(kind: Kind) {
    let healthy = Receiver::start().await;
    let flapping = Receiver::answering(|posted| {
        Says::Status(if posted.place % 3 == 0 { 500 } else { 200 }, "")
    })
    .await;
    let mut place = Place::new(kind).await;
    place.set("WEBHOOK_ALLOW_PRIVATE", true).set("WEBHOOK_RETRY_SECONDS", "0,0,0,1,1,1,1,1,1,1");
    let mut process = place.start().await;
    for receiver in [&healthy, &flapping] {
        let hook = json!({ "name": "all", "url": receiver.url, "event_type": "*" });
        process.http.post("/webhooks", hook).await.expect(201);
    }
    let senders = Senders::start(&process.http, 8);
    let kills = short_or_long(3, 30);
    for _ in 0..kills {
        senders.counts.more(|counts| &counts.acknowledged, 16).await;
        tokio::time::sleep(Duration::from_millis(rand::rng().random_range(0..500))).await;
        process.kill().await;
        process = place.spawn();
        process.wait_until_healthy().await;
    }
    senders.counts.more(|counts| &counts.acknowledged, 16).await;
    drop(senders.finish().await);

    until_all_are_told(&process.http).await;
    let store = Store::open(&place.database.url()).await.unwrap();
    let conn = store.read().await.unwrap();
    let written = events::between(&conn, None, 0, i64::MAX, i64::MAX).await.unwrap();
    let written: BTreeSet<String> = written.iter().map(|id| format!("evt_{id}")).collect();
    for receiver in [&healthy, &flapping] {
        let told: Vec<String> = receiver.all().iter().map(|p| p.id().to_owned()).collect();
        assert_eq!(told.iter().cloned().collect::<BTreeSet<_>>(), written);
    }
    let (all, doubles) = (healthy.all().len(), healthy.all().len() - written.len());
    eprintln!("{kind:?}: {kills} kills, {} events, {doubles} of {all} twice", written.len());
    assert!(doubles <= kills * IN_FLIGHT, "{doubles}");
    process.terminate().await;
}

/// Waits until every delivery has ended, and none has failed.
async fn until_all_are_told(http: &Client) {
    let began = Instant::now();
    for hook in ["/webhooks/1", "/webhooks/2"] {
        let pending = format!("{hook}/deliveries?status=pending");
        while http.get(&pending).await.expect(200)["total"] != 0 {
            assert!(began.elapsed() < Duration::from_secs(120), "they are never all told");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let failed = http.get(&format!("{hook}/deliveries?status=failed")).await;
        assert_eq!(failed.expect(200)["total"], 0);
    }
}
