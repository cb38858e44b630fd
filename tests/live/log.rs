//! Whoever follows the log gets each event once, in the order of the ids, also those that are
//! committed after later ones.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use centrium::events::{Filter, Follower, Tail};
use centrium::store::events::{Reader, last_written};
use centrium::store::{Store, settings};
use futures_util::future::join_all;
use rand::RngExt;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{KIND, event, write, write_numbers};
use crate::harness::{Database, Kind};

const WRITERS: usize = 32;

/// Events that are written in all.
fn events() -> usize {
    if std::env::var_os("CHAOS").is_some() { 100_000 } else { 4_000 }
}

/// What the writers have committed.
#[derive(Default)]
struct Ledger {
    begun: AtomicUsize,
    committed: Mutex<BTreeSet<usize>>,
    /// Of each transaction the last id, in the order of the commits.
    ids: Mutex<Vec<i64>>,
}

async fn stores(kind: Kind) -> (Database, tempfile::TempDir, [Store; 3]) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create(kind, folder.path()).await;
    let first = Store::open(&database.url()).await.unwrap();
    first.migrate().await.unwrap();
    if kind == Kind::Sqlite {
        // It has one engine.
        return (database, folder, [first.clone(), first.clone(), first]);
    }
    let second = Store::open(&database.url()).await.unwrap();
    let third = Store::open(&database.url()).await.unwrap();
    (database, folder, [first, second, third])
}

/// Writes some events in each of its transactions, waits with them open, and commits most.
async fn keep_writing(kind: Kind, store: Store, ledger: Arc<Ledger>) {
    loop {
        let count = rand::rng().random_range(1..20);
        let begin = ledger.begun.fetch_add(count, Ordering::Relaxed);
        if begin >= events() {
            return;
        }
        let tx = store.begin().await.unwrap();
        let numbers: Vec<usize> = (begin..begin + count).collect();
        for half in numbers.chunks(count.div_ceil(2)) {
            write(&tx, half.iter().map(|n| event(KIND, &json!({ "n": n }))).collect()).await;
            // Who waits with a transaction open on SQLite lets all others wait.
            if kind == Kind::Sqlite && rand::rng().random_bool(0.95) {
                continue;
            }
            let is_long = rand::rng().random_bool(0.02);
            let pause = if is_long { 50_000 } else { rand::rng().random_range(0..3_000) };
            tokio::time::sleep(Duration::from_micros(pause)).await;
        }
        let last = last_written(&tx, 1).await.unwrap()[0];
        if rand::rng().random_bool(0.1) {
            drop(tx);
            continue;
        }
        tx.commit().await.unwrap();
        ledger.ids.lock().unwrap().push(last);
        ledger.committed.lock().unwrap().extend(numbers);
    }
}

async fn nothing_is_missed(kind: Kind) {
    let (_database, _folder, [first, second, third]) = stores(kind).await;
    let tail = Tail::new(third.clone(), 1 << 20);
    let stop = CancellationToken::new();
    let (followed, its_stop) = (tail.clone(), stop.clone());
    tokio::spawn(async move { followed.run(its_stop).await });
    let (its, announced) = (first.clone(), stop.clone());
    tokio::spawn(announced.run_until_cancelled_owned(async move { its.announce_events().await }));
    let (mut follower, _) = Follower::begin(tail, Filter::default(), None).await.unwrap();

    let ledger = Arc::<Ledger>::default();
    let writers = (0..WRITERS).map(|i| {
        let store = if i % 2 == 0 { &first } else { &second };
        tokio::spawn(keep_writing(kind, store.clone(), ledger.clone()))
    });
    let mut writers = tokio::spawn(join_all(writers.collect::<Vec<_>>()));
    let (mut seen, mut last) = (Vec::new(), None);
    while last.is_none_or(|last| follower.reached() < last) {
        tokio::select! {
            frames = follower.next() => for frame in frames.unwrap() {
                // Behind a header of two bytes, since they are short.
                let value: Value = serde_json::from_slice(&frame.bytes()[2..]).unwrap();
                seen.push((frame.id(), value["payload"]["n"].as_u64().unwrap() as usize));
            },
            // The last of them may have rolled back, so that no frame tells of it.
            ended = &mut writers, if last.is_none() => {
                assert!(ended.unwrap().iter().all(Result::is_ok));
                // After all others, and so the end.
                last = Some(write_numbers(&second, [usize::MAX >> 1].into_iter()).await);
            }
        }
    }
    assert!(seen.pop().is_some_and(|(_, n)| n == usize::MAX >> 1));
    stop.cancel();

    let ids: Vec<i64> = seen.iter().map(|(id, _)| *id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "out of order, or twice");
    let numbers: BTreeSet<usize> = seen.iter().map(|(_, n)| *n).collect();
    let committed = ledger.committed.lock().unwrap();
    assert!(
        committed.len() > events() * 3 / 4
            && committed.len() < ledger.begun.load(Ordering::Relaxed)
    );
    assert_eq!(numbers.len(), seen.len(), "some came twice");
    let missed: Vec<_> = committed.difference(&numbers).collect();
    assert!(missed.is_empty(), "{} missed: {missed:?}", missed.len());
    assert_eq!(numbers.len(), committed.len(), "some came that were rolled back");
    if kind == Kind::Postgres {
        let ids = ledger.ids.lock().unwrap();
        assert!(!ids.is_sorted(), "nothing was committed late: this shows nothing");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missed_on_sqlite() {
    nothing_is_missed(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missed_on_postgres() {
    nothing_is_missed(Kind::Postgres).await;
}

async fn read(reader: &mut Reader, store: &Store) -> Vec<i64> {
    let events = reader.next(&store.read().await.unwrap(), 10).await.unwrap();
    let numbers = events.iter().map(|event| serde_json::from_str::<Value>(event.payload.as_str()));
    numbers.map(|n| n.unwrap()["n"].as_i64().unwrap()).collect()
}

async fn at_end(store: &Store) -> Reader {
    let conn = store.read().await.unwrap();
    let mut reader = Reader::at_end(&conn).await.unwrap();
    assert!(reader.settle(&conn).await.unwrap());
    reader
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_waits_for_a_smaller_one_that_is_committed_later() {
    let (_database, _folder, [first, second, third]) = stores(Kind::Postgres).await;
    let mut reader = at_end(&third).await;
    // Its number is the first, its end the last.
    let late = first.begin().await.unwrap();
    write(&late, vec![event(KIND, &json!({ "n": 1 }))]).await;
    write_numbers(&second, 2..4).await;
    for _ in 0..5 {
        assert!(read(&mut reader, &third).await.is_empty());
        assert!(reader.is_waiting());
    }
    // Whoever writes while it waits is nobody that it waits for.
    let other = second.begin().await.unwrap();
    write(&other, vec![event(KIND, &json!({ "n": 4 }))]).await;
    late.commit().await.unwrap();
    assert_eq!(read(&mut reader, &third).await, [1, 2, 3]);
    write_numbers(&first, 5..6).await;
    assert!(read(&mut reader, &third).await.is_empty());
    other.commit().await.unwrap();
    assert_eq!(read(&mut reader, &third).await, [4, 5]);
    assert!(!reader.is_waiting());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_was_rolled_back_is_waited_for_no_longer_than_its_transaction() {
    let (_database, _folder, [first, second, third]) = stores(Kind::Postgres).await;
    let mut reader = at_end(&third).await;
    // It writes something else, and goes on after all this.
    let foreign = first.begin().await.unwrap();
    settings::set(&foreign, "some", "thing", 1).await.unwrap();
    let lost = first.begin().await.unwrap();
    write(&lost, vec![event(KIND, &json!({ "n": 1 }))]).await;
    write_numbers(&second, 2..4).await;
    assert!(read(&mut reader, &third).await.is_empty());
    drop(lost);
    let mut got = Vec::new();
    while got.is_empty() {
        got = read(&mut reader, &third).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(got, [2, 3]);
    foreign.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_begins_at_the_end_waits_for_those_who_write_there() {
    let (_database, _folder, [first, second, third]) = stores(Kind::Postgres).await;
    let open = first.begin().await.unwrap();
    write(&open, vec![event(KIND, &json!({ "n": 1 }))]).await;
    write_numbers(&second, 2..3).await;
    let conn = third.read().await.unwrap();
    let mut reader = Reader::at_end(&conn).await.unwrap();
    assert!(!reader.settle(&conn).await.unwrap());
    open.commit().await.unwrap();
    assert!(reader.settle(&conn).await.unwrap());
    write_numbers(&second, 3..4).await;
    assert_eq!(read(&mut reader, &third).await, [3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_does_not_begin_before_those_have_ended_who_write_there() {
    let (_database, _folder, [first, second, third]) = stores(Kind::Postgres).await;
    let open = first.begin().await.unwrap();
    write(&open, vec![event(KIND, &json!({ "n": 1 }))]).await;
    let late = last_written(&open, 1).await.unwrap()[0];
    let tail = Tail::new(third, 16);
    let (followed, stop) = (tail.clone(), CancellationToken::new());
    let _stopped = stop.clone().drop_guard();
    tokio::spawn(async move { followed.run(stop).await });
    let mut beginning = Box::pin(Follower::begin(tail, Filter::default(), None));
    let begun = tokio::time::timeout(Duration::from_secs(7), &mut beginning).await;
    assert!(begun.is_err(), "it began while an event was being written");
    open.commit().await.unwrap();
    let (mut follower, _) = beginning.await.unwrap();
    assert!(follower.reached() >= late);
    let next = write_numbers(&second, 2..3).await;
    assert_eq!(follower.next().await.unwrap()[0].id(), next);
}
