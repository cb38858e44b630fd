//! Several engines on one PostgreSQL: what one writes, the clients of all see.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use centrium::store::Store;
use serde_json::json;

use super::write_numbers;
use crate::harness::{App, Database, Kind, LiveClient, Options};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_engine_writes_the_clients_of_the_other_see() {
    let one = App::start(Kind::Postgres).await;
    let shared = Database::shared(one.database.url());
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let two = App::start_on(shared, folder, Options::default()).await;
    let mut here = LiveClient::connect(&one.http, "").await;
    let mut there = LiveClient::connect(&two.http, "").await;
    for http in [&one.http, &two.http] {
        http.say("anna", "привет").await;
        let body = json!({ "type": "payment.completed", "payload": {} });
        let last = http.post("/api/events", body).await.expect(201)["id"].as_i64().unwrap();
        assert_eq!(here.ids_until(last).await, there.ids_until(last).await);
    }
    // One that the other has not looked at yet is known all the same.
    let last = write_numbers(&one.engine.store, 0..1).await;
    let mut back = LiveClient::connect(&two.http, &format!("after={last}")).await;
    back.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn engines_tell_each_other_also_after_a_lost_connection() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create(Kind::Postgres, folder.path()).await;
    let open = async || Store::open(&database.url()).await.unwrap();
    let (here, there) = (open().await, open().await);
    here.migrate().await.unwrap();
    let heard = Arc::<AtomicUsize>::default();
    let (announcing, listening, counted) = (here.clone(), there.clone(), heard.clone());
    tokio::spawn(async move { announcing.announce_events().await });
    tokio::spawn(async move {
        let count = || {
            counted.fetch_add(1, Ordering::SeqCst);
        };
        listening.hear_of_events(count).await;
    });
    // It has listened from the first on.
    until(&heard, 0).await;
    let told = heard.load(Ordering::SeqCst);
    write_numbers(&here, 0..1).await;
    until(&heard, told).await;

    database.end_listeners().await;
    let before = heard.load(Ordering::SeqCst);
    until(&heard, before).await;
    let told = heard.load(Ordering::SeqCst);
    write_numbers(&here, 0..1).await;
    until(&heard, told).await;
}

async fn until(heard: &AtomicUsize, more_than: usize) {
    while heard.load(Ordering::SeqCst) <= more_than {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
