//! Bodies of callers who have shown no key yet: it may be inside, so that all of a body is read
//! before anybody knows who sent it. All of them together may hold only so much memory; a caller
//! whose key is in a header is not among them.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::StatusCode;

use crate::Problem;

/// How much all bodies of strangers may hold at once, in bytes: ten of the largest.
const ROOM: usize = 128 * 1024 * 1024;
/// How soon there may be room again.
const COME_AGAIN: Duration = Duration::from_secs(5);

/// The memory for strangers' bodies.
#[derive(Clone, Debug)]
pub(super) struct Strangers {
    room: usize,
    held: Arc<AtomicUsize>,
}

impl Default for Strangers {
    fn default() -> Self {
        Self::with_room(ROOM)
    }
}

impl Strangers {
    /// Memory of this many bytes.
    pub(super) fn with_room(room: usize) -> Self {
        Self { room, held: Arc::default() }
    }

    /// Reads a stranger's body of at most `limit` bytes. It is counted, as it comes, until `Held`
    /// is dropped: once it is known whose it is.
    pub(super) async fn read(
        &self,
        mut body: Body,
        limit: usize,
    ) -> Result<(Bytes, Held), Problem> {
        let mut held = Held { bytes: 0, all: self.held.clone() };
        let mut read = Vec::new();
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let frame = frame.map_err(|_| super::routes::cut_off())?;
            let Ok(data) = frame.into_data() else { continue };
            if read.len() + data.len() > limit {
                return Err(super::routes::too_large());
            }
            held.add(data.len());
            if self.held.load(Ordering::Relaxed) > self.room {
                return Err(no_room());
            }
            read.extend_from_slice(&data);
        }
        Ok((Bytes::from(read), held))
    }
}

/// What one stranger's body holds.
#[derive(Debug)]
pub(super) struct Held {
    bytes: usize,
    all: Arc<AtomicUsize>,
}

impl Held {
    fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.all.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

fn no_room() -> Problem {
    let sentence = "Too many large requests without a key in a header arrive at once. \
        Send the key in X-API-Key, or try again in 5 seconds.";
    let mut problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, sentence);
    problem.retry_after = Some(COME_AGAIN);
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(strangers: &Strangers, bytes: usize) -> Result<(Bytes, Held), Problem> {
        strangers.read(Body::from(vec![b'a'; bytes]), 100).await
    }

    #[tokio::test]
    async fn a_body_counts_until_its_sender_is_known() {
        let strangers = Strangers::with_room(150);
        let (body, first) = read(&strangers, 100).await.unwrap();
        assert_eq!(body.len(), 100);
        let refused = read(&strangers, 51).await.unwrap_err();
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.retry_after.is_some());
        let (_, second) = read(&strangers, 50).await.unwrap();
        drop((first, second));
        assert!(read(&strangers, 100).await.is_ok(), "what was refused holds nothing");
        assert_eq!(strangers.held.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn one_body_has_its_own_limit() {
        let refused = read(&Strangers::with_room(1_000), 101).await.unwrap_err();
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
