//! A receiver that is strict about what it takes and answers whatever a test wants, byte by byte.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What is answered.
#[derive(Clone)]
pub enum Answer {
    /// These bytes; the connection stays open.
    Bytes(Vec<u8>),
    /// These bytes, then the connection is closed.
    Close(Vec<u8>),
    /// These bytes, and then this again and again, after a pause, until nobody takes it.
    Forever(Vec<u8>, Vec<u8>, Duration),
}

impl Answer {
    /// A complete answer.
    pub fn status(status: &str, headers: &str, body: &[u8]) -> Self {
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
        Self::Bytes([head.as_bytes(), body].concat())
    }

    /// 200 with the beginning of a body that has no announced end.
    pub fn endless(part: &[u8], pause: Duration) -> Self {
        let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
        Self::Forever(head, part.to_vec(), pause)
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// Method, path and version.
    pub line: String,
    /// Lower-case names; no name may come twice.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

/// A running receiver. It takes POST requests with a length and nothing else.
pub struct Receiver {
    address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Received>>,
    connections: AtomicUsize,
    cut_off: AtomicBool,
}

impl Receiver {
    /// Listens on a free port of 127.0.0.1.
    pub async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let shared = seen.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                shared.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, answer.clone(), shared.clone()));
            }
        });
        Self { address, seen }
    }

    /// An address of this receiver.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What came.
    pub fn requests(&self) -> Vec<Received> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Waits until nobody takes the endless answer any longer.
    pub async fn wait_until_cut_off(&self) {
        while !self.seen.cut_off.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn serve(stream: TcpStream, answer: Answer, seen: Arc<Seen>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await {
        seen.requests.lock().unwrap().push(request);
        match &answer {
            Answer::Bytes(bytes) => stream.write_all(bytes).await.unwrap(),
            Answer::Close(bytes) => {
                stream.write_all(bytes).await.unwrap();
                return stream.shutdown().await.unwrap();
            }
            Answer::Forever(head, part, pause) => {
                stream.write_all(head).await.unwrap();
                while stream.write_all(part).await.is_ok() {
                    tokio::time::sleep(*pause).await;
                }
                return seen.cut_off.store(true, Ordering::SeqCst);
            }
        }
    }
}

/// One request, or `None` where the connection ended before it.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    assert!(line.starts_with("POST /") && line.ends_with(" HTTP/1.1\r\n"), "{line:?}");
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.unwrap();
        if header == "\r\n" {
            break;
        }
        let (name, value) = header.trim_end().split_once(": ").expect("a header");
        let twice = headers.insert(name.to_lowercase(), value.to_owned());
        assert!(twice.is_none(), "{name} twice");
    }
    assert!(!headers.contains_key("transfer-encoding"), "{headers:?}");
    let length: usize = headers.get("content-length").expect("a length").parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    Some(Received { line: line.trim_end().into(), headers, body: String::from_utf8(body).unwrap() })
}
