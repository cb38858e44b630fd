//! A bot that asks.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{USER, channel, until};
use crate::telegram::{Mode, Telegram};
use crate::testing::conformance::{self, Garbage, Outcome, Outside};
use crate::testing::telegram::FakeTelegram;
use crate::testing::{Call, ScriptedInbox};
use crate::{Channel, Error, Health, Inbox, Kind};

/// A stand-in of Telegram's queue: an update that moves on was acknowledged.
struct Queue {
    fake: Arc<FakeTelegram>,
    channel: Arc<Telegram>,
    message: Value,
}

impl Queue {
    async fn deliver_update(&self, inbox: Arc<dyn Inbox>, update: Value) -> Outcome {
        self.fake.queue(update);
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let (channel, stop) = (self.channel.clone(), stop.clone());
            async move { channel.run(inbox, stop).await }
        });
        while self.fake.waiting() > 0 && !running.is_finished() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.cancel();
        drop(running.await);
        if self.fake.waiting() == 0 { Outcome::Acknowledged } else { self.forget() }
    }

    /// For the next delivery.
    fn forget(&self) -> Outcome {
        self.fake.forget_queue();
        Outcome::Left
    }
}

#[async_trait]
impl Outside for Queue {
    async fn deliver(&self, inbox: Arc<dyn Inbox>) -> Outcome {
        self.deliver_update(inbox, self.message.clone()).await
    }

    async fn deliver_bytes(&self, inbox: Arc<dyn Inbox>, bytes: Bytes) -> Outcome {
        // Telegram sends JSON, whatever it says.
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4_000)]).into_owned();
        let id = self.message["update_id"].clone();
        self.deliver_update(inbox, json!({"update_id": id, "message": text})).await
    }

    fn garbage(&self) -> Garbage {
        Garbage::Acknowledged
    }
}

#[tokio::test]
async fn polling_keeps_the_promises_of_every_channel() {
    let fake = FakeTelegram::start().await;
    let channel = channel(&fake, Mode::Polling);
    let message = fake.says(USER, "Good day!");
    let queue = Queue { fake, channel: channel.clone(), message };
    conformance::check(channel, &queue).await;
}

#[tokio::test]
async fn a_webhook_is_removed_first_and_the_offset_moves_only_after_the_inbox_said_yes() {
    let fake = FakeTelegram::start().await;
    let channel = channel(&fake, Mode::Polling);
    fake.had_webhook("https://old.example.com");
    for text in ["one", "two", "three"] {
        fake.queue(fake.says(USER, text));
    }
    let inbox = ScriptedInbox::new();
    let run = || channel.run(inbox.clone(), CancellationToken::new());
    inbox.fail_next(Call::Accept, Error::new(Kind::Unavailable, "The store is away."));
    assert!(run().await.is_err());
    assert!(fake.webhook().is_none());
    assert_eq!((fake.waiting(), inbox.accepted().len()), (3, 0), "nothing was confirmed");

    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (channel, inbox, stop) = (channel.clone(), inbox.clone(), stop.clone());
        async move { channel.run(inbox, stop).await }
    });
    until(|| fake.waiting() == 0).await;
    let texts: Vec<_> = inbox.accepted().into_iter().map(|a| a.message.text).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    assert_eq!(channel.health().await, Health::Ok);
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn trouble_shows_in_the_health() {
    let fake = FakeTelegram::start().await;
    let channel = channel(&fake, Mode::Polling);
    fake.set_down(true);
    let stopped = channel.run(ScriptedInbox::new(), CancellationToken::new()).await;
    assert!(stopped.is_err());
    let Health::Problem(sentence) = channel.health().await else { panic!("it seems well") };
    assert_eq!(sentence, "Telegram's server is in trouble (status 502).");
}

#[tokio::test]
async fn a_webhook_that_nobody_set_shows_in_the_health_and_the_menu_is_set() {
    let fake = FakeTelegram::start().await;
    let channel = channel(&fake, super::webhook());
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (channel, stop) = (channel.clone(), stop.clone());
        async move { channel.run(ScriptedInbox::new(), stop).await }
    });
    until(|| !fake.calls("getWebhookInfo").is_empty()).await;
    for _ in 0..1_000 {
        if channel.health().await != Health::Ok {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let Health::Problem(sentence) = channel.health().await else { panic!("it seems well") };
    assert!(sentence.contains("centrium set-webhook telegram"), "{sentence}");
    let menus = fake.calls("setMyCommands");
    let languages: Vec<_> = menus.iter().map(|menu| menu["language_code"].as_str()).collect();
    assert_eq!(languages, [Some("ru"), Some("kk"), Some("en"), None]);
    stop.cancel();
    running.await.unwrap().unwrap();
}
