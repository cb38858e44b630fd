//! The limit that deliveries are measured against: a loop that reads what waits, posts it with both
//! signatures, and updates the rows in sets. It leases nothing, renders nothing, and takes every
//! address for a good one.

mod postgres;
mod sign;
mod sqlite;

use std::sync::Arc;

use centrium::config::Config;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, Receiver, UnboundedSender};
use tokio::task::JoinSet;

use crate::Result;
use crate::bare::now;

/// Rows that are read, and updated, at once.
pub const SET: usize = 256;
/// Requests at once, as in the engine: to one address, and in all.
const LANES: u64 = 8;
const IN_FLIGHT: u64 = 64;
/// Rows that wait in memory.
const AHEAD: usize = 1_024;

/// How many requests the engine has at once when all its webhooks take what they are sent.
pub fn in_flight(webhooks: u64) -> u64 {
    (LANES * webhooks).min(IN_FLIGHT)
}

/// A delivery, and what it takes to make it.
struct Delivery {
    id: i64,
    webhook: i64,
    event: i64,
    url: String,
    secret: String,
    kind: String,
    payload: String,
}

/// What finds the next ones, for both databases.
const NEXT: &str = "SELECT d.id, d.webhook_id, d.event_id, w.url, w.secret, e.kind,
        CAST(e.payload AS TEXT)
    FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
    JOIN events e ON e.id = d.event_id
    WHERE d.id > $1 ORDER BY d.id LIMIT $2";

/// Makes all deliveries there are, and waits until it is killed.
///
/// # Errors
/// When the database can't be read or written, or a delivery is not taken.
pub async fn serve() -> Result<()> {
    let config = Config::load(None).map_err(|e| e.to_string())?;
    let database = config.database_url.as_str();
    let (found, waiting) = mpsc::channel(AHEAD);
    let (made, done) = mpsc::unbounded_channel();
    let webhooks = match database.strip_prefix("sqlite://") {
        Some(path) => sqlite::start(path, found, done)?,
        None => postgres::start(database, found, done).await?,
    };
    // Nothing here speaks TLS; reqwest wants to know its own all the same.
    let tls = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .http1_only()
        .pool_max_idle_per_host(64)
        .build()
        .map_err(|e| e.to_string())?;
    let waiting = Arc::new(Mutex::new(waiting));
    let mut lanes = JoinSet::new();
    for _ in 0..in_flight(webhooks) {
        lanes.spawn(post_all(client.clone(), waiting.clone(), made.clone()));
    }
    drop(made);
    while let Some(ended) = lanes.join_next().await {
        ended.map_err(|e| e.to_string())??;
    }
    std::future::pending().await
}

async fn post_all(
    client: reqwest::Client,
    waiting: Arc<Mutex<Receiver<Delivery>>>,
    made: UnboundedSender<i64>,
) -> Result<()> {
    loop {
        let next = waiting.lock().await.recv().await;
        let Some(delivery) = next else { return Ok(()) };
        let id = delivery.id;
        post(&client, delivery).await.map_err(|e| e.to_string())?;
        let _ = made.send(id);
    }
}

async fn post(client: &reqwest::Client, delivery: Delivery) -> reqwest::Result<()> {
    let id = format!("evt_{}", delivery.event);
    let timestamp = now() / 1_000;
    let signed = sign::both(&delivery.secret, &id, timestamp, &delivery.payload);
    let request = client
        .post(&delivery.url)
        .header("content-type", "application/json")
        .header("x-webhook-event", delivery.kind)
        .header("x-webhook-id", delivery.webhook)
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("x-webhook-signature", signed.document)
        .header("webhook-signature", signed.standard);
    let answer = request.body(delivery.payload).send().await?.error_for_status()?;
    answer.bytes().await.map(drop)
}
