//! Clients that look when each event was sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncReadExt, BufReader};
use tokio::net::TcpStream;

use crate::Result;

/// Bytes that such a client reads at once, as the others do.
const BUFFER: usize = 16 * 1024;

/// What events' ways took, from their sending to their arrival.
#[derive(Clone)]
pub struct Delays {
    began: Instant,
    millis: Arc<Mutex<Vec<f64>>>,
}

impl Delays {
    /// None yet.
    pub fn new() -> Self {
        Self { began: Instant::now(), millis: Arc::default() }
    }

    /// Now, as it stands in an event's payload under `sent`: microseconds.
    pub fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// All since the last time, in milliseconds.
    pub fn take(&self) -> Vec<f64> {
        std::mem::take(&mut *self.millis.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[expect(clippy::cast_precision_loss, reason = "no time here comes near 2^53")]
    fn note(&self, text: &[u8]) {
        if let Some(sent) = sent(text) {
            let millis = self.now().saturating_sub(sent) as f64 / 1e3;
            self.millis.lock().unwrap_or_else(PoisonError::into_inner).push(millis);
        }
    }
}

/// Reads texts until the server ends it, and calls `seen` for each.
///
/// # Errors
/// When the line breaks.
pub async fn follow(
    line: TcpStream,
    delays: Delays,
    seen: impl Fn(),
) -> Result<(), std::io::Error> {
    let mut line = BufReader::with_capacity(BUFFER, line);
    let mut text = Vec::new();
    loop {
        let (kind, length) = (line.read_u8().await?, line.read_u8().await?);
        let length = if length == 126 { line.read_u16().await? } else { length.into() };
        text.resize(length.into(), 0);
        line.read_exact(&mut text).await?;
        if kind == 0x81 {
            delays.note(&text);
            seen();
        }
    }
}

/// The time at which the event says that it was sent.
fn sent(text: &[u8]) -> Option<u64> {
    let (_, rest) = std::str::from_utf8(text).ok()?.split_once("\"sent\":")?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_found_within_a_payload() {
        assert_eq!(sent(br#"{"payload":{"sent":1700,"x":2},"id":7}"#), Some(1700));
        assert_eq!(sent(br#"{"payload":{"x":2}}"#), None);
    }
}
