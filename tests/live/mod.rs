//! Live events: the log, `/ws`, and what other systems publish.

mod engines;
mod log;
mod memory;
mod publish;
mod refusals;
mod replay;
mod slow;
mod socket;

use centrium::clock::Clock;
use centrium::store::events::NewEvent;
use centrium::store::{Changes, Payload, Store, Tx};
use serde_json::Value;

/// A kind that the engine does nothing about.
const KIND: &str = "payment.completed";

fn event(kind: &'static str, payload: &Value) -> NewEvent {
    let created_at = Clock::default().now();
    NewEvent { kind, ticket_id: None, payload: Payload::new(payload), created_at }
}

/// Writes events within a transaction.
async fn write(tx: &Tx, events: Vec<NewEvent>) {
    Changes { events, ..Changes::default() }.write(tx).await.unwrap();
}

/// Writes events, each with a number, and gives the id of the last.
async fn write_numbers(store: &Store, numbers: impl Iterator<Item = usize>) -> i64 {
    let tx = store.begin().await.unwrap();
    write(&tx, numbers.map(|n| event(KIND, &serde_json::json!({ "n": n }))).collect()).await;
    let last = centrium::store::events::last_written(&tx, 1).await.unwrap()[0];
    tx.commit().await.unwrap();
    last
}
