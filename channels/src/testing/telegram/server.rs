//! The HTTP of the Bot API.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::check::{Refused, bad};
use super::methods::Call;
use super::{FakeTelegram, TOKEN, form};

type Fake = State<Arc<FakeTelegram>>;

pub(super) async fn serve(fake: Arc<FakeTelegram>, listener: TcpListener) {
    let router = Router::new()
        .route("/{bot}/{method}", post(call))
        .route("/file/{bot}/files/{id}", get(file))
        .layer(DefaultBodyLimit::max(64 * 1024 * 1024))
        .with_state(fake);
    axum::serve(listener, router).await.expect("it serves as long as its runtime runs");
}

async fn call(
    State(fake): Fake,
    Path((bot, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if fake.state().is_down {
        return (StatusCode::BAD_GATEWAY, "<html>502 Bad Gateway</html>").into_response();
    }
    if !is_ours(&bot) {
        return refuse((401, "Unauthorized".to_owned()), None, None);
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let Some((given, file)) = read(content_type, &body) else {
        return refuse(bad("can't parse the request"), None, None);
    };
    if method == "getUpdates" {
        return poll(&fake, given).await;
    }
    match fake.answer(Call { method, given, file }) {
        Ok(result) => json_of(StatusCode::OK, &json!({"ok": true, "result": result})),
        Err((refused, retry_after, moved_to)) => refuse(refused, retry_after, moved_to),
    }
}

async fn poll(fake: &FakeTelegram, given: Map<String, Value>) -> Response {
    let seconds = given.get("timeout").and_then(Value::as_u64).unwrap_or(0);
    let wait = async {
        loop {
            let news = fake.news.notified();
            match fake.updates(&given) {
                Ok(updates) if updates.is_empty() => news.await,
                answer => return answer,
            }
        }
    };
    match timeout(Duration::from_secs(seconds), wait).await.unwrap_or(Ok(Vec::new())) {
        Ok(updates) => json_of(StatusCode::OK, &json!({"ok": true, "result": updates})),
        Err(refused) => refuse(refused, None, None),
    }
}

async fn file(State(fake): Fake, Path((bot, id)): Path<(String, String)>) -> Response {
    let found = fake.state().files.get(&id).cloned();
    match found {
        Some(file) if is_ours(&bot) && !file.is_lost => file.bytes.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn is_ours(bot: &str) -> bool {
    bot.strip_prefix("bot") == Some(TOKEN)
}

fn read(content_type: &str, body: &[u8]) -> Option<form::Form> {
    if content_type == "application/json" {
        let given = serde_json::from_slice::<Map<String, Value>>(body).ok()?;
        return Some((given, None));
    }
    form::read(content_type, body)
}

fn refuse((code, words): Refused, retry_after: Option<u64>, moved_to: Option<i64>) -> Response {
    let mut body = json!({"ok": false, "error_code": code, "description": words});
    if let Some(seconds) = retry_after {
        body["parameters"] = json!({"retry_after": seconds});
    }
    if let Some(chat) = moved_to {
        body["parameters"] = json!({"migrate_to_chat_id": chat});
    }
    json_of(StatusCode::from_u16(code).expect("a status"), &body)
}

fn json_of(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
