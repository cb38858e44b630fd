//! The limit that live events are measured against: a broadcast that stores nothing, and a task for
//! each client that takes what is queued, and writes once.

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use centrium::config::Config;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::broadcast::{Receiver, Sender};

use crate::Result;

/// As the engine's.
const GREETING: &str =
    r#"{"type":"connection","status":"connected","message":"WebSocket connection established"}"#;
const RING: usize = 1_024;

/// Serves until it is killed.
///
/// # Errors
/// When it can't listen.
pub async fn serve() -> Result<()> {
    let config = Config::load(None).map_err(|e| e.to_string())?;
    let ring = Sender::<Utf8Bytes>::new(RING);
    let router = Router::new()
        .route("/ws", get(open))
        .route("/api/events", post(publish))
        .route("/healthz", get(async || StatusCode::OK))
        .with_state(ring);
    let listener = tokio::net::TcpListener::bind(config.listen).await.map_err(|e| e.to_string())?;
    let listener = axum::serve::ListenerExt::tap_io(listener, |tcp| drop(tcp.set_nodelay(true)));
    axum::serve(listener, router).await.map_err(|e| e.to_string())
}

async fn publish(State(ring): State<Sender<Utf8Bytes>>, event: String) -> StatusCode {
    drop(ring.send(event.into()));
    StatusCode::CREATED
}

async fn open(State(ring): State<Sender<Utf8Bytes>>, upgrade: WebSocketUpgrade) -> Response {
    let upgrade = upgrade.read_buffer_size(1_024).write_buffer_size(4 * 1_024);
    upgrade.on_upgrade(move |socket| async move {
        let frames = ring.subscribe();
        drop(send(socket, frames).await);
    })
}

async fn send(mut socket: WebSocket, mut frames: Receiver<Utf8Bytes>) -> Result<(), axum::Error> {
    socket.send(Message::Text(Utf8Bytes::from_static(GREETING))).await?;
    loop {
        tokio::select! {
            heard = socket.next() => if !matches!(heard, Some(Ok(_))) {
                return Ok(());
            },
            frame = frames.recv() => {
                let Ok(frame) = frame else { return Ok(()) };
                socket.feed(Message::Text(frame)).await?;
                while let Ok(frame) = frames.try_recv() {
                    socket.feed(Message::Text(frame)).await?;
                }
                socket.flush().await?;
            }
        }
    }
}
