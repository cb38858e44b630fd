//! SIGKILL under load, again and again.

use std::time::Duration;

use rand::RngExt;

use super::senders::Senders;
use super::{ledger, short_or_long};
use crate::harness::{Kind, Place};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_every_kill_on_sqlite() {
    survive(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_every_kill_on_postgres() {
    survive(Kind::Postgres).await;
}

async fn survive(kind: Kind) {
    let place = Place::new(kind).await;
    let mut process = place.start().await;
    let senders = Senders::start(&process.http, 16);
    let kills = short_or_long(4, 40);
    let mut slowest_start = Duration::ZERO;
    for kill in 0..kills {
        // Every fourth life may end before it has begun to serve.
        if kill % 4 != 3 {
            senders.counts.more(|counts| &counts.acknowledged, 1).await;
            slowest_start = slowest_start.max(process.wait_until_healthy().await);
        }
        let moment = rand::rng().random_range(0..700);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        process.kill().await;
        process = place.spawn();
    }
    senders.counts.more(|counts| &counts.acknowledged, 16).await;
    let counts = senders.counts.clone();
    let sent = senders.finish().await;
    let title = format!("{kind:?}, {kills} kills, slowest start {slowest_start:?}, {counts:?}");
    ledger::settle(&title, &place.database.url(), &process.http, &sent).await;
    process.terminate().await;
}
