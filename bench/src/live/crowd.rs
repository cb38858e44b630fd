//! Clients that count what they are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::timed::{self, Delays};
use crate::Result;
use crate::program::API_TOKEN;

/// Handshakes at a time.
const AT_ONCE: usize = 64;
/// How long events may be on their way.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause before the count is looked at again.
const LOOK: Duration = Duration::from_micros(200);
/// Clients that look when each event was sent.
const TIMED: usize = 10;
/// Bytes that a client reads at once.
const BUFFER: usize = 16 * 1024;

/// Clients of one server.
pub struct Crowd {
    clients: u64,
    seen: Arc<AtomicU64>,
    taken: Arc<AtomicU64>,
    delays: Delays,
    _tasks: JoinSet<()>,
}

/// Whose turn it is to publish.
#[derive(Clone)]
pub struct Turn {
    clients: u64,
    seen: Arc<AtomicU64>,
    taken: Arc<AtomicU64>,
}

impl Turn {
    /// Takes the next event's number.
    pub fn take(&self) -> u64 {
        self.taken.fetch_add(1, Ordering::Relaxed)
    }

    /// Waits until fewer than `ahead` events are on their way before this one.
    pub async fn wait(&self, number: u64, ahead: u64) {
        while self.seen.load(Ordering::Relaxed) + ahead * self.clients < number * self.clients {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// How many were taken.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Crowd {
    /// Connects so many clients, and waits until each has had its first frame.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn gather(base: &str, clients: usize) -> Result<Self> {
        let seen = Arc::<AtomicU64>::default();
        let (places, mut joining, mut tasks) =
            (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new(), JoinSet::new());
        let delays = Delays::new();
        for _ in 0..clients {
            let (address, places) = (base.trim_start_matches("http://").to_owned(), places.clone());
            joining.spawn(async move {
                let _place = places.acquire().await;
                join(&address).await.map_err(|e| format!("a client could not connect: {e}"))
            });
        }
        while let Some(joined) = joining.join_next().await {
            let client = joined.map_err(|e| e.to_string())??;
            let (seen, delays) = (seen.clone(), delays.clone());
            if tasks.len() < TIMED {
                tasks.spawn(async move {
                    let one = || {
                        seen.fetch_add(1, Ordering::Relaxed);
                    };
                    drop(timed::follow(client, delays, one).await);
                });
            } else {
                tasks.spawn(count(client, seen));
            }
        }
        let clients = clients as u64;
        Ok(Self { clients, seen, taken: Arc::default(), delays, _tasks: tasks })
    }

    /// For those who publish.
    pub fn turn(&self) -> Turn {
        Turn { clients: self.clients, seen: self.seen.clone(), taken: self.taken.clone() }
    }

    /// What events' ways to a few of the clients take.
    pub fn delays(&self) -> &Delays {
        &self.delays
    }

    /// Waits until every client has seen so many events.
    ///
    /// # Errors
    /// When they do not come: somebody was cut off.
    pub async fn until_seen(&self, events: u64) -> Result<()> {
        let all = async {
            while self.seen.load(Ordering::Relaxed) < events * self.clients {
                tokio::time::sleep(LOOK).await;
            }
        };
        let came = tokio::time::timeout(PATIENCE, all).await;
        came.map_err(|_| "events did not reach all clients".to_owned())
    }
}

/// Opens a WebSocket and takes the first frame, which greets.
async fn join(address: &str) -> std::io::Result<TcpStream> {
    let mut line = TcpStream::connect(address).await?;
    line.set_nodelay(true)?;
    let request = format!(
        "GET /ws?token={API_TOKEN} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    );
    line.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(line.read_u8().await?);
    }
    if !head.starts_with(b"HTTP/1.1 101") {
        return Err(std::io::Error::other(String::from_utf8_lossy(&head).into_owned()));
    }
    let mut frame = [0; 2];
    line.read_exact(&mut frame).await?;
    let mut greeting = vec![0; usize::from(frame[1])];
    line.read_exact(&mut greeting).await?;
    Ok(line)
}

async fn count(mut line: TcpStream, seen: Arc<AtomicU64>) {
    let (mut buffer, mut frames) = (vec![0; BUFFER], Frames::default());
    while let Ok(read) = line.read(&mut buffer).await {
        if read == 0 {
            return;
        }
        seen.fetch_add(frames.read(&buffer[..read]), Ordering::Relaxed);
    }
}

/// The frames of a server, cut anywhere.
#[derive(Default)]
struct Frames {
    head: Vec<u8>,
    /// Bytes of the frame that are still to come.
    missing: usize,
}

impl Frames {
    /// How many text frames begin here.
    fn read(&mut self, mut bytes: &[u8]) -> u64 {
        let mut texts = 0;
        while let [first, rest @ ..] = bytes {
            if self.missing > 0 {
                let now = self.missing.min(bytes.len());
                self.missing -= now;
                bytes = &bytes[now..];
                continue;
            }
            self.head.push(*first);
            bytes = rest;
            let length = match self.head[..] {
                [_, length @ 0..126] => usize::from(length),
                [_, 126, high, low] => usize::from(u16::from_be_bytes([high, low])),
                _ => continue,
            };
            texts += u64::from(self.head[0] == 0x81);
            self.head.clear();
            self.missing = length;
        }
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_wherever_they_are_cut() {
        let long = [&[0x81, 126, 1, 0][..], &[0x81; 256]].concat();
        let stream = [&[0x81, 2, 0x81, 0x81][..], &[0x89, 0], &long, &[0x81, 0]].concat();
        for size in 1..stream.len() {
            let mut frames = Frames::default();
            let texts: u64 = stream.chunks(size).map(|bytes| frames.read(bytes)).sum();
            assert_eq!(texts, 3, "{size}");
        }
    }
}
