//! What a client costs while nothing happens.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{KIND, event, write};
use crate::harness::{API_TOKEN, App, both};

const CLIENTS: usize = 200;
const LARGE: usize = 200_000;

both!(no_client_keeps_what_it_was_sent, async |app: App| {
    let mut lines = Vec::new();
    for _ in 0..CLIENTS {
        lines.push(open(&app).await);
    }
    let before = resident();
    let tx = app.engine.store.begin().await.unwrap();
    write(&tx, vec![event(KIND, &json!({ "text": "x".repeat(LARGE) }))]).await;
    tx.commit().await.unwrap();
    for line in &mut lines {
        read_until(line, |bytes, end| bytes > LARGE && end.ends_with(b"\"id\":1}")).await;
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < CLIENTS * LARGE / 4, "{grown} bytes more than before");
});

/// A client that keeps nothing itself.
async fn open(app: &App) -> TcpStream {
    let url = app.http.url("/ws");
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/ws").unwrap();
    let mut line = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /ws?token={API_TOKEN} HTTP/1.1\r\nHost: {address}\r\nConnection: keep-alive, Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    line.write_all(request.as_bytes()).await.unwrap();
    read_until(&mut line, |_, end| end.ends_with(b"connection established\"}")).await;
    line
}

/// Reads until the number of bytes and the last ones of them are as they should be.
async fn read_until(line: &mut TcpStream, is_all: impl Fn(usize, &[u8]) -> bool) {
    let (mut buffer, mut bytes) = (vec![0; 16 * 1024], 0);
    let mut end = Vec::new();
    while !is_all(bytes, &end) {
        let read = line.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the line ended");
        bytes += read;
        end.extend_from_slice(&buffer[..read]);
        end.drain(..end.len().saturating_sub(40));
    }
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}
