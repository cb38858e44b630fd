//! Sends a full set of messages down the engine's road, and counts what that takes.
//!
//! The engine's own HTTP service is called without a socket, and nothing runs beside it: no jobs, no
//! index, no housekeeping. So the same messages always take the same, but for a few allocations.
//! What reads requests from sockets and writes answers to them is not counted.

use std::alloc::System;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use centrium::api;
use centrium::assistant::Assistant;
use centrium::engine::Engine;
use futures_util::future::join_all;
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};
use tempfile::TempDir;
use tokio::task::{JoinHandle, unconstrained};
use tower::ServiceExt as _;
use tower_http::normalize_path::NormalizePath;

use super::recorder;
use crate::harness::{Database, EXTERNAL_KEY, Kind, Options, build};

/// Counts the allocations of all threads; those of SQLite, which is C, are not among them.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A full set.
const SET: usize = 256;

/// What people write, in three languages. One of them wants to speak to a human.
const TEXTS: [&str; 6] = [
    "Здравствуйте, со вчерашнего вечера не работает интернет, договор 100200",
    "С карты списали оплату дважды, верните, пожалуйста. Платёж 100200",
    "Подскажите, как поменять пароль от вайфая на роутере?",
    "Соедините с оператором, обращение 100200",
    "Сәлеметсіз бе, интернет баяу жұмыс істейді, шарт 100200",
    "Hello, my television shows no channels since this morning",
];

/// An engine, where it keeps things, and its HTTP service.
pub struct Road {
    engine: Engine,
    database: Database,
    _folder: TempDir,
    service: NormalizePath<Router>,
}

impl Road {
    /// One with this assistant, or the built-in one, on an empty database.
    pub async fn build(kind: Kind, assistant: Option<Arc<dyn Assistant>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::create(kind, folder.path()).await;
        let options = Options { assistant, ..Options::default() };
        let engine = build(&database, &folder, options).await;
        let service = api::service(&engine);
        // Opens the connections.
        walk(&service, message("someone", 0)).await;
        Self { engine, database, _folder: folder, service }
    }

    /// How many messages are sent together.
    pub fn messages(&self) -> usize {
        self.engine.store.sets_at_once() + SET
    }

    /// Each customer writes once; the statements that this took.
    pub async fn statements(&self, customers: &str) -> Vec<String> {
        recorder::be_deaf(false);
        self.send(customers).await;
        let mut statements = recorder::take();
        // That of `hold_writers`.
        statements.retain(|sql| sql != "ROLLBACK");
        statements
    }

    /// The same; the memory that this took.
    pub async fn memory(&self, customers: &str) -> Stats {
        recorder::be_deaf(true);
        self.send(customers).await
    }

    /// While something else holds the database, messages gather: each writing task has taken one,
    /// and a full set waits behind these.
    async fn send(&self, customers: &str) -> Stats {
        let alone = self.engine.store.sets_at_once();
        let mut walks: VecDeque<_> = (0..alone + SET)
            .map(|i| Box::pin(walk(&self.service, message(customers, i))))
            .collect();
        let hold = self.database.hold_writers().await;
        recorder::take();

        let memory = Region::new(ALLOCATOR);
        let mut first = Vec::with_capacity(alone);
        for walk in walks.drain(..alone) {
            let begun = recorder::begun();
            first.push(tokio::spawn(walk));
            until(|| recorder::begun() > begun).await;
        }
        // A task with this much to do is made to pause, and that between taking a place in the queue
        // and filling it.
        let rest = tokio::spawn(unconstrained(join_all(walks)));
        let waiting = || self.engine.writer.waiting();
        until(|| waiting() == SET || first.iter().any(JoinHandle::is_finished)).await;
        drop(hold);
        let first = join_all(first).await;
        let rest = rest.await.unwrap();
        let memory = memory.change();

        for response in first.iter().map(|first| first.as_ref().unwrap()).chain(&rest) {
            assert_eq!(response.status(), 200, "the database was held for too long");
        }
        memory
    }
}

fn walk(
    service: &NormalizePath<Router>,
    request: Request<Body>,
) -> impl Future<Output = Response> + Send + use<> {
    let service = service.clone();
    async move { service.oneshot(request).await.unwrap() }
}

fn message(customers: &str, i: usize) -> Request<Body> {
    let who = format!("{customers}-{i:03}@example.com");
    let body = json!({ "user_identifier": who, "text": TEXTS[i % TEXTS.len()] });
    Request::post("/tickets/api/external/message/")
        .header("Content-Type", "application/json")
        .header("X-API-Key", EXTERNAL_KEY)
        .body(Body::from(body.to_string()))
        .unwrap()
}

async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
