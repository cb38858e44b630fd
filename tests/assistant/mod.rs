//! The assistant that asks a model: what it asks, what it makes of the answers, and what becomes of
//! a customer when there is none.

mod answers;
mod failures;
mod hostile;
mod pace;
mod privacy;
mod provider;
mod races;
mod strict;

use std::time::Duration;

use serde_json::Value;

use crate::harness::{App, Kind, Options};
use provider::{KEY, MODEL, Provider};

/// What a customer asks that no rule decides, and that there is an article for.
const QUESTION: &str = "Подскажите, как поменять пароль от вайфая на роутере?";

/// How a model is configured.
fn asking(provider: &Provider, seconds: u32) -> Vec<(&'static str, String)> {
    vec![
        ("OPENAI_BASE_URL", provider.url()),
        ("OPENAI_API_KEY", KEY.into()),
        ("AI_MODEL", MODEL.into()),
        ("AI_TIMEOUT_SECONDS", seconds.to_string()),
    ]
}

/// An engine that asks this provider.
async fn start(kind: Kind, provider: &Provider, seconds: u32) -> App {
    start_with(kind, asking(provider, seconds)).await
}

async fn start_with(kind: Kind, config: Vec<(&'static str, String)>) -> App {
    App::start_with(kind, Options { config, ..Options::default() }).await
}

/// What was said in a ticket: by whom, and what.
async fn said(app: &App, ticket: &Value) -> Vec<(String, String)> {
    let ticket = app.http.ticket(ticket).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let messages = ticket["messages"].as_array().unwrap();
    messages.iter().map(|m| (text(&m["author"]), text(&m["text"]))).collect()
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "in vain: {what}");
}

async fn until_no_job_is_left(app: &App) {
    until("no job is left", async || {
        !centrium::store::jobs::any(&app.engine.store.read().await.unwrap()).await.unwrap()
    })
    .await;
}
