//! Other systems that are told of events, byte by byte: good ones, and bad ones of many kinds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use centrium::clock::{Clock, Millis};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How the slow one keeps its callers waiting.
const SLOW: Duration = Duration::from_secs(2);
/// So many are refused by the one that flaps, then as many are taken.
const FLAP: usize = 25;
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// What an endpoint does with what it is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes it at once.
    Healthy,
    /// Takes it after two seconds.
    Slow,
    /// Says nothing.
    BlackHole,
    /// Refuses, and takes, and refuses.
    Flaps,
    /// Resets the connection.
    Resets,
    /// Takes it in an answer that never ends.
    Endless,
    /// Sends the caller elsewhere.
    Redirects(String),
    /// Wants no more.
    Gone,
}

impl Manner {
    /// Whether all that comes twice comes so because of a kill.
    pub fn takes_everything(&self) -> bool {
        matches!(self, Self::Healthy | Self::Slow)
    }
}

/// What has come to an endpoint.
#[derive(Debug, Default)]
pub struct Seen {
    /// When each event came first, by its id.
    pub first: HashMap<i64, Millis>,
    /// How many came that had come before.
    pub again: usize,
    /// Connections that were made.
    pub connections: usize,
    /// Under which id each number came that a publisher gave.
    ids: HashMap<u64, i64>,
}

impl Seen {
    fn note(&mut self, event: i64, body: &Value) {
        if let Some(number) = body["number"].as_u64() {
            let id = *self.ids.entry(number).or_insert(event);
            assert_eq!(id, event, "what comes twice has the same id");
        }
        let different = self.first.len();
        self.first.entry(event).or_insert_with(|| Clock::default().now());
        self.again += usize::from(self.first.len() == different);
    }

    fn posts(&self) -> usize {
        self.first.len() + self.again
    }
}

/// An endpoint, for as long as the test runs.
pub struct Endpoint {
    pub url: String,
    pub manner: Manner,
    seen: Arc<Mutex<Seen>>,
}

impl Endpoint {
    pub async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Seen>>::default();
        let (its, noted) = (manner.clone(), seen.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                noted.lock().unwrap().connections += 1;
                tokio::spawn(serve(stream, its.clone(), noted.clone()));
            }
        });
        Self { url, manner, seen }
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }
}

/// Answers until the caller has gone, or is hung up on.
async fn serve(stream: TcpStream, manner: Manner, seen: Arc<Mutex<Seen>>) {
    stream.set_nodelay(true).unwrap();
    let mut stream = BufReader::new(stream);
    while let Some((event, body)) = read(&mut stream).await {
        let posts = {
            let mut seen = seen.lock().unwrap();
            seen.note(event, &body);
            seen.posts()
        };
        let answer = match &manner {
            Manner::Healthy => OK.to_owned(),
            Manner::Slow => {
                tokio::time::sleep(SLOW).await;
                OK.to_owned()
            }
            Manner::Flaps if posts / FLAP % 2 == 1 => OK.to_owned(),
            Manner::Flaps => status("500 Internal Server Error", ""),
            Manner::Redirects(url) => {
                status("307 Temporary Redirect", &format!("Location: {url}\r\n"))
            }
            Manner::Gone => status("410 Gone", ""),
            Manner::BlackHole => {
                // The caller gives up.
                drop(stream.read_u8().await);
                return;
            }
            Manner::Resets => return stream.get_ref().set_zero_linger().unwrap(),
            Manner::Endless => return never_end(stream).await,
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn status(status: &str, header: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{header}Content-Length: 0\r\n\r\n")
}

async fn never_end(mut stream: BufReader<TcpStream>) {
    let mut part = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    while stream.write_all(part.as_bytes()).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        part = "1\r\n.\r\n";
    }
}

/// The event's id and what it tells, or `None` where the caller has gone.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<(i64, Value)> {
    let (mut event, mut length) = (None, 0);
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line == "\r\n" {
                break;
            }
            continue;
        };
        match name {
            "webhook-id" => event = value.strip_prefix("evt_").and_then(|id| id.parse().ok()),
            "content-length" => length = value.parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((event.expect("a webhook-id"), serde_json::from_slice(&body).unwrap()))
}
