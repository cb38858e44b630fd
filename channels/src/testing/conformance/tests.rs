//! The suite itself: it lets good channels pass, and finds what bad ones do.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;
use axum::routing::post;
use bytes::Bytes;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;

use super::{Garbage, Webhook, check};
use crate::testing::ScriptedChannel;
use crate::{
    Channel, ChannelKind, Delivery, Error, Health, Inbox, Incoming, Kind, Outgoing, Problem,
    Result, Sender, Sent, json,
};

/// A bot's webhook, whose manners can be spoiled.
#[derive(Clone, Copy)]
enum Bot {
    Good,
    /// Says 200 whatever the inbox says.
    Hasty,
    /// Gives its messages no ids.
    Nameless,
    /// Answers what it can't read with 500.
    Fragile,
}

type Post = State<(Bot, Arc<dyn Inbox>)>;

#[async_trait]
impl Channel for Bot {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Telegram
    }

    fn delivery(&self) -> Delivery {
        Delivery::Push
    }

    fn routes(&self, inbox: Arc<dyn Inbox>) -> OpenApiRouter {
        OpenApiRouter::new().route("/bot", post(take)).with_state((*self, inbox))
    }

    async fn send(&self, _out: &Outgoing) -> Result<Sent> {
        Ok(Sent::default())
    }

    async fn health(&self) -> Health {
        Health::Ok
    }
}

async fn take(State((bot, inbox)): Post, body: Bytes) -> Result<(), Problem> {
    let Some(text) = message_text(&body) else {
        return match bot {
            Bot::Fragile => Err(Error::new(Kind::Internal, "What is this?").into()),
            _ => Ok(()),
        };
    };
    let accepted = inbox.accept(incoming(bot, text)).await;
    match bot {
        Bot::Hasty => Ok(()),
        _ => Ok(accepted.map(drop)?),
    }
}

fn message_text(body: &[u8]) -> Option<String> {
    let update = json::parse(std::str::from_utf8(body).ok()?).ok()?;
    Some(update.get("message")?.get("text")?.as_str()?.to_owned())
}

fn incoming(bot: Bot, text: String) -> Incoming {
    Incoming {
        channel: ChannelKind::Telegram,
        sender: Sender { identifier: "42".to_owned(), ..Sender::default() },
        external_id: (!matches!(bot, Bot::Nameless)).then(|| "42:1".to_owned()),
        conversation: None,
        subject: None,
        text,
        attachments: Vec::new(),
        metadata: Value::Null,
        idempotency: None,
        awaits_reply: false,
        machine: None,
        edits: None,
    }
}

async fn check_bot(bot: Bot) {
    let channel = Arc::new(bot);
    let request = |body: Bytes| Request::post("/bot").body(Body::from(body)).unwrap();
    let message = r#"{"update_id": 1, "message": {"text": "Good day!"}}"#;
    check(channel.clone(), &Webhook::new(channel, Garbage::Acknowledged, message, request)).await;
}

#[tokio::test]
async fn a_good_webhook_passes() {
    check_bot(Bot::Good).await;
}

#[tokio::test]
#[should_panic(expected = "acknowledged, though the inbox said Unavailable")]
async fn a_webhook_that_acknowledges_too_early_is_found() {
    check_bot(Bot::Hasty).await;
}

#[tokio::test]
#[should_panic(expected = "a repeat must be known as one")]
async fn a_webhook_without_ids_is_found() {
    check_bot(Bot::Nameless).await;
}

#[tokio::test]
#[should_panic(expected = "garbage must not end as")]
async fn a_webhook_that_falls_over_garbage_is_found() {
    check_bot(Bot::Fragile).await;
}

#[tokio::test]
async fn a_scripted_channel_lives_as_a_channel_does() {
    let channel: Arc<dyn Channel> = ScriptedChannel::new(ChannelKind::Email);
    super::check_life(&channel).await;
}
