//! SIGTERM under load: a stop that nobody but the impatient notices.

use std::time::Duration;

use super::senders::Senders;
use super::{ledger, short_or_long};
use crate::harness::{Kind, Place, free_address};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_loses_nothing_on_sqlite() {
    stop(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_loses_nothing_on_postgres() {
    stop(Kind::Postgres).await;
}

async fn stop(kind: Kind) {
    let place = Place::new(kind).await;
    let mut process = place.start().await;
    let senders = Senders::start(&process.http, 16);
    let stops = short_or_long(2, 20);
    let (mut slowest_stop, mut slowest_start) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..stops {
        senders.counts.more(|counts| &counts.acknowledged, 50).await;
        slowest_stop = slowest_stop.max(process.terminate().await);
        process = place.spawn();
        slowest_start = slowest_start.max(process.wait_until_healthy().await);
    }
    senders.counts.more(|counts| &counts.acknowledged, 16).await;
    let counts = senders.counts.clone();
    let sent = senders.finish().await;
    let title = format!(
        "{kind:?}, {stops} stops, slowest stop {slowest_stop:?}, slowest start {slowest_start:?}, \
         {counts:?}"
    );
    ledger::settle(&title, &place.database.url(), &process.http, &sent).await;
    process.terminate().await;
}

#[tokio::test]
async fn a_second_engine_on_the_same_folder_refuses_to_start() {
    let mut place = Place::new(Kind::Sqlite).await;
    let first = place.start().await;
    let http = first.http.clone();
    let sentence = place.set("LISTEN", free_address()).run(&["serve"]).await.refused();
    assert!(sentence.contains("Another centrium already serves here"), "{sentence}");
    http.say("anna", "не работает интернет").await;
    first.terminate().await;
}
