//! An engine with the customers' bot, beside a Bot API server of the test.

use std::sync::Arc;
use std::time::Duration;

use centrium_channels::testing::telegram::{FakeTelegram, TOKEN};
use reqwest::Method;
use serde_json::Value;

use super::{Answer, App, Client, Options};

/// What Telegram shows with each call.
pub const SECRET: &str = "secret-of-the-webhook";

/// The options that switch the bot on.
pub fn config(fake: &FakeTelegram) -> Vec<(&'static str, String)> {
    vec![
        ("TELEGRAM_BOT_TOKEN", TOKEN.to_owned()),
        ("TELEGRAM_API_URL", fake.url.clone()),
        ("TELEGRAM_WEBHOOK_SECRET", SECRET.to_owned()),
    ]
}

impl App {
    /// The next life of this engine, with the bot.
    pub async fn with_bot(self) -> (Self, Arc<FakeTelegram>) {
        self.with_bot_and(Vec::new()).await
    }

    /// The same with more options.
    pub async fn with_bot_and(
        self,
        more: Vec<(&'static str, String)>,
    ) -> (Self, Arc<FakeTelegram>) {
        let fake = FakeTelegram::start().await;
        let mut config = config(&fake);
        config.extend(more);
        (self.restart(Options { config, ..Options::default() }).await, fake)
    }

    /// The tickets of the bot, the newest first.
    pub async fn telegram_tickets(&self) -> Vec<Value> {
        let list = self.http.get("/api/tickets?channel=telegram").await.expect(200);
        list["items"].as_array().unwrap().clone()
    }

    /// Waits until a message of this ticket is delivered so far.
    pub async fn until_delivery(&self, ticket: &Value, state: &str) -> Value {
        for _ in 0..1_000 {
            let ticket = self.http.ticket(ticket).await;
            let messages = ticket["messages"].as_array().unwrap();
            if let Some(found) = messages.iter().find(|m| m["delivery"]["state"] == state) {
                return found.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nothing became {state}: {}", self.http.ticket(ticket).await);
    }
}

impl Client {
    /// Telegram calls the webhook.
    pub async fn telegram(&self, update: &Value) -> Answer {
        self.telegram_with(SECRET, update).await
    }

    /// The same with another secret.
    pub async fn telegram_with(&self, secret: &str, update: &Value) -> Answer {
        let request = self.plain(Method::POST, "/tickets/api/telegram/webhook/");
        let request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
        self.send(request.json(update)).await
    }
}

/// Waits until the bot has sent this many messages.
pub async fn until_sent(fake: &FakeTelegram, count: usize) {
    for _ in 0..1_500 {
        if fake.sent().len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not {count} messages: {:#?}", fake.sent());
}

/// What a message of the list says, by its number.
pub fn texts(ticket: &Value) -> Vec<(&str, &str)> {
    let messages = ticket["messages"].as_array().unwrap().iter();
    messages.map(|m| (m["author"].as_str().unwrap(), m["text"].as_str().unwrap())).collect()
}
