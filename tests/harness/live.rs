//! A live client of `/ws`.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::{API_TOKEN, Client};

/// How long anything may take on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// A client of `/ws`.
pub struct LiveClient {
    socket: WebSocketStream<TcpStream>,
}

impl LiveClient {
    /// Opens a line with the API token and this query, and takes the first frame.
    pub async fn connect(http: &Client, query: &str) -> Self {
        Self::connect_with(http, query, None).await
    }

    /// The same with a receive buffer of this many bytes.
    pub async fn connect_with(http: &Client, query: &str, buffer: Option<u32>) -> Self {
        Self::connect_by(http, &format!("token={API_TOKEN}&{query}"), buffer).await
    }

    /// The same with a key of one's own in the query.
    pub async fn connect_by(http: &Client, query: &str, buffer: Option<u32>) -> Self {
        let url = http.url(&format!("/ws?{query}"));
        let address = url.strip_prefix("http://").unwrap();
        let host = address.split('/').next().unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = buffer {
            socket.set_recv_buffer_size(bytes).unwrap();
        }
        let line = socket.connect(host.parse().unwrap()).await.unwrap();
        let request = format!("ws://{address}");
        let (socket, _) = tokio_tungstenite::client_async(request, line).await.unwrap();
        let mut client = Self { socket };
        assert_eq!(
            client.text().await,
            r#"{"type":"connection","status":"connected","message":"WebSocket connection established"}"#
        );
        client
    }

    /// The next message of any kind.
    pub async fn message(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(SOON, self.socket.next()).await.expect("nothing comes");
        next.and_then(Result::ok)
    }

    /// The next text; pings in between are answered and passed over.
    pub async fn text(&mut self) -> String {
        loop {
            match self.message().await {
                Some(Message::Text(text)) => return text.to_string(),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("not a text: {other:?}"),
            }
        }
    }

    /// The next text, read.
    pub async fn next(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// The next text, which is of this type.
    pub async fn expect(&mut self, kind: &str) -> Value {
        let frame = self.next().await;
        assert_eq!(frame["type"], kind, "{frame}");
        frame
    }

    /// Takes events until one has this id, and gives the ids of all.
    pub async fn ids_until(&mut self, last: i64) -> Vec<i64> {
        let mut ids = Vec::new();
        while ids.last() != Some(&last) {
            ids.push(self.next().await["id"].as_i64().unwrap());
        }
        ids
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// Says something, and nothing comes before the answer to it.
    pub async fn is_quiet(&mut self) {
        self.send(Message::text(r#"{"type":"ping"}"#)).await;
        assert_eq!(self.next().await, json!({ "type": "pong" }));
    }

    /// Takes what still comes, and gives the code and the reason of the end.
    pub async fn end(&mut self) -> (u16, String) {
        loop {
            match self.message().await {
                Some(Message::Close(Some(close))) => {
                    return (close.code.into(), close.reason.to_string());
                }
                Some(_) => {}
                None => panic!("the line ended without a word"),
            }
        }
    }
}
