use serde_json::json;

use super::*;
use crate::store::events::NewEvent;
use crate::store::{Changes, Payload, Store};

const RING: usize = 8;

async fn write(store: &Store, count: usize) {
    let payload = Payload::new(&json!({}));
    let event = NewEvent { kind: "payment.completed", ticket_id: None, payload, created_at: 1 };
    let tx = store.begin().await.unwrap();
    Changes { events: vec![event; count], ..Changes::default() }.write(&tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_its_past_does_not_fall_behind_the_present() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("log.db").display());
    let store = Store::open(&url).await.unwrap();
    store.migrate().await.unwrap();
    write(&store, 3).await;
    let tail = Tail::new(store.clone(), RING);
    let running = tail.clone();
    let running = tokio::spawn(async move { running.run(Default::default()).await });

    let (mut here, _) = Follower::begin(tail.clone(), Filter::default(), None).await.unwrap();
    let others = tail.readings.acquire_many(2).await.unwrap();
    let (mut back, _) = Follower::begin(tail.clone(), Filter::default(), Some(0)).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(50), back.next()).await.is_err());
    for _ in 0..4 {
        write(&store, RING).await;
        let until = here.reached() + RING as i64;
        while here.reached() < until {
            here.next().await.unwrap();
        }
    }
    drop(others);
    let mut ids = Vec::new();
    while back.reached() < here.reached() {
        ids.extend(back.next().await.unwrap().iter().map(Frame::id));
    }
    assert_eq!(ids, (1..=3 + 4 * RING as i64).collect::<Vec<_>>());
    running.abort();
}
