//! Another system that publishes events at a steady pace, each until it is taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::harness::{API_TOKEN, Client};

/// Callers at the same time.
const CALLERS: usize = 8;

/// Running publishers.
pub struct Publishers {
    published: Arc<AtomicUsize>,
    tasks: JoinSet<()>,
}

impl Publishers {
    /// Begins to publish so many events, so many a second at most.
    pub fn start(http: &Client, events: usize, rate: usize) -> Self {
        let published = Arc::<AtomicUsize>::default();
        let pause =
            Duration::from_secs(1) * u32::try_from(CALLERS).unwrap() / u32::try_from(rate).unwrap();
        let mut tasks = JoinSet::new();
        for caller in 0..CALLERS {
            let (http, published) = (http.clone(), published.clone());
            tasks.spawn(async move {
                let mut turns = tokio::time::interval(pause);
                turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
                for number in (caller..events).step_by(CALLERS) {
                    turns.tick().await;
                    insist(&http, number).await;
                    published.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Self { published, tasks }
    }

    /// How many events were taken.
    pub fn published(&self) -> usize {
        self.published.load(Ordering::Relaxed)
    }

    /// Waits until all are.
    pub async fn finish(self) {
        self.tasks.join_all().await;
    }
}

/// Publishes one event. A kill may hide that it was taken: the key makes it one all the same.
async fn insist(http: &Client, number: usize) {
    let payload = json!({ "number": number, "note": "x".repeat(200) });
    let body = json!({ "type": "payment.completed", "payload": payload });
    loop {
        let request = http.plain(Method::POST, "/api/events").bearer_auth(API_TOKEN);
        let request = request.header("Idempotency-Key", format!("event-{number}")).json(&body);
        match request.send().await {
            Ok(answer) if answer.status() == 201 => return,
            Ok(answer) => assert!(answer.status() == 503, "{answer:?}"),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
