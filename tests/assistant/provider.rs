//! A provider of models on this machine. It refuses what a real one would refuse, and otherwise does
//! what its script says.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::strict;

/// The key that it wants.
pub const KEY: &str = "sk-for-tests-0123456789";
/// The model that it has.
pub const MODEL: &str = "test-model";

/// What it does with one request.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answers with this text.
    Say(String),
    /// Refuses in the field that is for that.
    Refuse(String),
    /// Answers with this status, perhaps `Retry-After`, and this body.
    Status(u16, Option<u32>, String),
    /// Answers this instead of a completion.
    Body(String),
    /// Says nothing, for ever.
    Hang,
    /// Sends a byte now and then, for ever.
    Drip,
    /// Closes the connection in the middle of an answer.
    Cut,
    /// Sends this many bytes.
    Flood(usize),
    /// Answers after a while.
    Late(Duration, Box<Act>),
}

type Script = Box<dyn Fn(usize, &Value) -> Act + Send + Sync>;

struct Inside {
    script: Script,
    seen: Mutex<Vec<Value>>,
    complaints: Mutex<Vec<String>>,
}

/// A running provider.
pub struct Provider {
    address: String,
    inside: Arc<Inside>,
}

impl Provider {
    /// One that does what `script` says to the request of this number, from 0 on.
    pub async fn start(script: impl Fn(usize, &Value) -> Act + Send + Sync + 'static) -> Self {
        let (seen, complaints) = (Mutex::default(), Mutex::default());
        let inside = Arc::new(Inside { script: Box::new(script), seen, complaints });
        let routes = Router::new()
            .route("/v1/chat/completions", post(complete))
            .layer(axum::extract::DefaultBodyLimit::max(64 * 1024 * 1024))
            .with_state(inside.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, inside }
    }

    /// One that always does this.
    pub async fn always(act: Act) -> Self {
        Self::start(move |_, _| act.clone()).await
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Every request that it did not refuse by itself.
    pub fn seen(&self) -> Vec<Value> {
        self.inside.seen.lock().unwrap().clone()
    }

    /// What was wrong with the requests that it refused by itself.
    pub fn complaints(&self) -> Vec<String> {
        self.inside.complaints.lock().unwrap().clone()
    }
}

/// An answer in the form that is asked for.
pub fn answer(reply: &str) -> Value {
    json!({
        "reply": reply,
        "needs_escalation": false,
        "reason": null,
        "category": "internet",
        "priority": "medium",
        "department": "technical",
        "subject": "Wi-Fi",
        "language": "ru",
        "sources": [],
    })
}

/// The same as what a model says.
pub fn say(reply: &str) -> Act {
    Act::Say(answer(reply).to_string())
}

async fn complete(State(inside): State<Arc<Inside>>, headers: HeaderMap, body: Bytes) -> Response {
    let asked = match strict::check(&headers, &body) {
        Ok(asked) => asked,
        Err((status, complaint)) => {
            inside.complaints.lock().unwrap().push(complaint.clone());
            return error(status, None, &complaint);
        }
    };
    let number = {
        let mut seen = inside.seen.lock().unwrap();
        seen.push(asked.clone());
        seen.len() - 1
    };
    let act = (inside.script)(number, &asked);
    perform(act).await
}

async fn perform(mut act: Act) -> Response {
    while let Act::Late(pause, next) = act {
        tokio::time::sleep(pause).await;
        act = *next;
    }
    match act {
        Act::Say(text) => completion(json!({ "role": "assistant", "content": text })),
        Act::Refuse(refusal) => {
            completion(json!({ "role": "assistant", "content": null, "refusal": refusal }))
        }
        Act::Status(status, retry_after, body) => error(status, retry_after, &body),
        Act::Body(body) => body.into_response(),
        Act::Hang | Act::Late(..) => std::future::pending().await,
        Act::Drip => {
            let drops = stream::unfold((), async |()| {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), ()))
            });
            Body::from_stream(drops).into_response()
        }
        Act::Cut => {
            let parts = [Ok(Bytes::from_static(b"{\"choices\":[{")), Err(io::Error::other("cut"))];
            Body::from_stream(stream::iter(parts)).into_response()
        }
        Act::Flood(bytes) => {
            let part = Bytes::from(vec![b'a'; 64 * 1024]);
            let parts = stream::repeat(part).take(bytes / (64 * 1024));
            let begin = stream::once(async { Bytes::from_static(b"{\"choices\":\"") });
            Body::from_stream(begin.chain(parts).map(Ok::<_, Infallible>)).into_response()
        }
    }
}

fn completion(message: Value) -> Response {
    let choice =
        json!({ "index": 0, "message": message, "finish_reason": "stop", "logprobs": null });
    let body = json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": MODEL,
        "choices": [choice],
        "usage": { "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120 },
    });
    axum::Json(body).into_response()
}

fn error(status: u16, retry_after: Option<u32>, message: &str) -> Response {
    let body = json!({ "error": { "message": message, "type": "invalid_request_error" } });
    let mut response = (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert("retry-after", seconds.into());
    }
    response
}
