//! The limit that the engine is measured against: axum, one writer, and the same rows in the same
//! tables for a constant answer. It checks nothing, looks nothing up, and knows its customers from
//! memory.

pub mod jobs;
mod postgres;
mod rows;
mod sqlite;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use centrium::config::Config;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::Result;
use crate::constant::ANSWER;
pub use rows::now;
use rows::{Ids, Message};
pub use sqlite::open;

/// Messages of one transaction at most, as in the engine.
const SET: usize = 256;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// One transaction a message
    #[arg(long)]
    singly: bool,
}

/// A message that waits for its commit.
struct Waiting {
    message: Message,
    tell: oneshot::Sender<Ids>,
}

/// Serves until it is killed.
///
/// # Errors
/// When the database can't be opened.
pub async fn serve(options: Options) -> Result<()> {
    let config = Config::load(None).map_err(|e| e.to_string())?;
    let database = config.database_url.as_str();
    let (queue, waiting) = mpsc::channel(4_096);
    let set = if options.singly { 1 } else { SET };
    if let Some(path) = database.strip_prefix("sqlite://") {
        sqlite::start(path, set, waiting)?;
    } else {
        postgres::start(database, set, waiting).await?;
    }
    let router = Router::new()
        .route("/tickets/api/external/message/", post(accept))
        .route("/healthz", get(async || StatusCode::OK))
        .with_state(queue);
    let listener = tokio::net::TcpListener::bind(config.listen).await.map_err(|e| e.to_string())?;
    let listener = axum::serve::ListenerExt::tap_io(listener, |tcp| drop(tcp.set_nodelay(true)));
    axum::serve(listener, router).await.map_err(|e| e.to_string())
}

#[derive(Deserialize)]
struct Body {
    user_identifier: String,
    text: String,
}

async fn accept(
    State(queue): State<mpsc::Sender<Waiting>>,
    Json(body): Json<Body>,
) -> Result<Json<Value>, StatusCode> {
    let (tell, told) = oneshot::channel();
    let message = Message { who: body.user_identifier, text: body.text };
    let lost = StatusCode::INTERNAL_SERVER_ERROR;
    queue.send(Waiting { message, tell }).await.map_err(|_| lost)?;
    let ids = told.await.map_err(|_| lost)?;
    Ok(Json(json!({
        "success": true, "ticket_id": ids.ticket, "reply": ANSWER, "needs_escalation": false,
        "status": "new", "message_id": ids.message, "reply_id": ids.message + 1,
    })))
}
