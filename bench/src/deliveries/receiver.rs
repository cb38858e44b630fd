//! The other system: it reads what it is posted, and answers 200 at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Result;

/// A receiver, for as long as it is held.
pub struct Receiver {
    pub url: String,
    taken: Arc<AtomicU64>,
    running: JoinHandle<()>,
}

impl Receiver {
    /// Listens on a port of its own.
    ///
    /// # Errors
    /// When none is free.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| e.to_string())?;
        let address = listener.local_addr().map_err(|e| e.to_string())?;
        let taken = Arc::<AtomicU64>::default();
        let counts = taken.clone();
        let take = async move |_: Bytes| {
            counts.fetch_add(1, Ordering::Relaxed);
            "ok"
        };
        let listener = listener.tap_io(|tcp| drop(tcp.set_nodelay(true)));
        let router = Router::new().fallback(take);
        let running = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { url: format!("http://{address}/hook"), taken, running })
    }

    /// How many deliveries have come.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.running.abort();
    }
}
