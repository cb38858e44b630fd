//! The customers' bot, between a strict Bot API server and a scripted inbox.

mod groups;
mod parse;
mod polling;
mod sending;
mod taking;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Bot, Mode, Phrase, Settings, Telegram, Wording};
use crate::testing::ScriptedInbox;
use crate::testing::conformance::{self, Garbage, Webhook};
use crate::testing::telegram::{FakeTelegram, TOKEN};
use crate::{Channel, Problem};

const SECRET: &str = "the-secret-of-the-webhook";
const USER: i64 = 77;

/// A client of loopback alone.
fn http() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).build().unwrap()
}

fn wording() -> Wording {
    Arc::new(|phrase, language| match phrase {
        Phrase::CallOperator => "Позвать оператора".to_owned(),
        phrase => format!("{phrase:?} in {}", language.unwrap_or("none")),
    })
}

fn channel(fake: &FakeTelegram, mode: Mode) -> Arc<Telegram> {
    let bot = Bot::new(http(), &fake.url, TOKEN).unwrap();
    Arc::new(Telegram::new(Settings { bot, mode, wording: wording() }))
}

fn webhook() -> Mode {
    Mode::Webhook { secret: Some(SECRET.into()), url: None }
}

fn request(body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(super::PATH).header("X-Telegram-Bot-Api-Secret-Token", SECRET);
    request.body(body.into()).unwrap()
}

/// Telegram calls the webhook.
async fn call(
    channel: &Telegram,
    inbox: &Arc<ScriptedInbox>,
    request: Request<Body>,
) -> Result<StatusCode, Problem> {
    let (router, _) = channel.routes(inbox.clone()).split_for_parts();
    let response = router.oneshot(request).await.unwrap();
    match response.extensions().get::<Problem>() {
        Some(problem) => Err(problem.clone()),
        None => Ok(response.status()),
    }
}

async fn take(channel: &Telegram, inbox: &Arc<ScriptedInbox>, update: &Value) {
    let status = call(channel, inbox, request(update.to_string())).await;
    assert_eq!(status, Ok(StatusCode::OK), "{update}");
}

/// Waits until something holds that happens beside the call.
async fn until(holds: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come to hold within 10 s");
}

#[tokio::test]
async fn the_webhook_keeps_the_promises_of_every_channel() {
    let fake = FakeTelegram::start().await;
    let channel = channel(&fake, webhook());
    let message = fake.says(USER, "Good day!").to_string();
    let outside =
        Webhook::new(channel.clone(), Garbage::Acknowledged, message, |body: Bytes| request(body));
    conformance::check(channel, &outside).await;
}

#[tokio::test]
async fn the_token_is_shown_to_nobody() {
    let bot = Bot::new(http(), "http://127.0.0.1:1", TOKEN).unwrap();
    assert!(!format!("{bot:?}").contains("swordfish"), "{bot:?}");
    let failed = bot.call::<bool>("getMe", &json!({})).await.unwrap_err();
    let shown = format!("{failed:?} {}", crate::Error::from(failed.clone()));
    assert!(!shown.contains("swordfish") && !shown.contains("/bot"), "{shown}");
}

#[test]
fn a_token_is_a_number_and_a_secret() {
    let bot = |token| Bot::new(http(), "http://127.0.0.1:1", token);
    assert_eq!(bot("123:AB-c_1").unwrap().id(), 123);
    for token in ["", "123", "123:", ":abc", "x:abc", "-1:abc", "1:a/b", "1:a b"] {
        assert!(bot(token).is_none(), "{token}");
    }
}
