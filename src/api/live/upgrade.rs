//! From a request to a WebSocket.

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use centrium_channels::Problem;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::runtime::Handle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// A client sends pings: 1 KiB is read at once, and 16 KiB is the largest message.
const READ: usize = 1_024;
const LARGEST: usize = 16 * 1_024;
/// Bytes of what the WebSocket says by itself, such as answers to pings: gathered, and at most, where
/// the client takes none of them.
const WRITE: usize = 4 * 1_024;
const WRITE_AT_MOST: usize = 64 * 1_024;
/// Bytes of a `Sec-WebSocket-Key`.
const KEY: usize = 16;

/// A client's WebSocket, of which the stream below can be reached.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A request that asks for a WebSocket (RFC 6455, 4.2.1).
pub(in crate::api) struct Upgrade {
    accept: HeaderValue,
    connection: OnUpgrade,
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if parts.method != Method::GET {
            return Err(no_socket(StatusCode::METHOD_NOT_ALLOWED));
        }
        let headers = &parts.headers;
        let is_asked_for = has_word(headers, CONNECTION, "upgrade")
            && has_word(headers, UPGRADE, "websocket")
            && has_word(headers, SEC_WEBSOCKET_VERSION, "13");
        let is_key = |key: &&HeaderValue| STANDARD.decode(key).is_ok_and(|key| key.len() == KEY);
        let key = headers.get(SEC_WEBSOCKET_KEY).filter(|_| is_asked_for).filter(is_key);
        let accept = key.and_then(|key| derive_accept_key(key.as_bytes()).parse().ok());
        let accept = accept.ok_or_else(|| no_socket(StatusCode::BAD_REQUEST))?;
        let connection = parts.extensions.remove();
        let connection = connection.ok_or_else(|| no_socket(StatusCode::UPGRADE_REQUIRED))?;
        Ok(Self { accept, connection })
    }
}

impl Upgrade {
    /// Says yes, and serves the WebSocket over there once that was sent.
    pub(super) fn open<F>(
        self,
        lines: &Handle,
        serve: impl FnOnce(Socket) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .max_message_size(Some(LARGEST))
            .max_frame_size(Some(LARGEST))
            .write_buffer_size(WRITE)
            .max_write_buffer_size(WRITE_AT_MOST);
        lines.spawn(async move {
            // A client that has gone meanwhile needs no answer.
            if let Ok(stream) = self.connection.await {
                let (stream, role) = (TokioIo::new(stream), Role::Server);
                serve(Socket::from_raw_socket(stream, role, Some(config)).await).await;
            }
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        response
    }
}

/// Whether one of the words of a header is this one, in whichever case.
fn has_word(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let texts = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|found| found.trim().eq_ignore_ascii_case(word))
}

fn no_socket(status: StatusCode) -> Problem {
    Problem::new(status, "This address speaks WebSocket; ask for it with an upgrade.")
}
