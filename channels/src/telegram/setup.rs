//! What the bot is set to at Telegram: its menu, its webhook; and whether that works.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::client::Bot;
use super::failure::Failure;
use super::webhook::PATH;
use super::wording::{LANGUAGES, Phrase, Wording};
use crate::{Error, Result};

/// The kinds of updates that this channel understands.
pub(super) const ALLOWED: [&str; 3] = ["message", "edited_message", "callback_query"];
/// Connections that Telegram may hold to the webhook at once.
const CONNECTIONS: i64 = 40;
/// How often the webhook is looked at.
const LOOK: Duration = Duration::from_secs(60);
/// For how long a failed call of Telegram's is shown as a problem.
const RECENT: u64 = 600;

/// What is wrong now, if anything.
#[derive(Debug, Default)]
pub(super) struct Trouble(Mutex<Option<String>>);

impl Trouble {
    /// Remembers how a call went.
    pub(super) fn note<T>(&self, result: Result<T, Failure>) -> Result<T> {
        let result = result.map_err(Error::from);
        self.set(result.as_ref().err().map(|error| error.sentence.clone()));
        result
    }

    pub(super) fn set(&self, sentence: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = sentence;
    }

    pub(super) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How a webhook is set at Telegram, as `getWebhookInfo` tells it.
#[derive(Clone, Debug, Deserialize)]
pub struct WebhookInfo {
    /// Where Telegram calls; empty where it does not.
    pub url: String,
    /// Updates that wait to be delivered.
    pub pending_update_count: i64,
    /// When a call failed last, in Unix seconds.
    pub last_error_date: Option<u64>,
    /// Why it failed.
    pub last_error_message: Option<String>,
}

impl WebhookInfo {
    /// The same in words, a sentence each.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut said = vec![if self.url.is_empty() {
            "Telegram calls no address for this bot.".to_owned()
        } else {
            format!("Telegram calls {}.", self.url)
        }];
        said.push(match self.pending_update_count {
            0 => "No update waits.".to_owned(),
            1 => "1 update waits.".to_owned(),
            count => format!("{count} updates wait."),
        });
        if let Some(why) = &self.last_error_message {
            let ago = self.last_error_date.map_or(0, |at| now().saturating_sub(at) / 60);
            let why = why.trim_end_matches('.');
            said.push(format!("The last call that failed, {ago} minutes ago: {why}."));
        }
        said
    }

    /// What is wrong with it for an engine whose webhook is at `expected`; `None` where that can't
    /// be told, and any host is right.
    fn problem(&self, expected: Option<&str>) -> Option<String> {
        const SET_IT: &str = "run: centrium set-webhook telegram";
        let url = self.url.trim_end_matches('/');
        if url.is_empty() {
            return Some(format!("Telegram calls no address for this bot; {SET_IT}."));
        }
        let is_ours = match expected {
            Some(expected) => url == expected.trim_end_matches('/'),
            None => url.ends_with(PATH),
        };
        if !is_ours {
            return Some(format!("Telegram calls another address for this bot; {SET_IT}."));
        }
        let failed = self.last_error_date.filter(|at| now().saturating_sub(*at) < RECENT)?;
        let (why, ago) = (self.last_error_message.as_deref()?, now().saturating_sub(failed));
        let why: String = why.trim_end_matches('.').chars().take(200).collect();
        Some(format!("Telegram's call {ago} seconds ago failed: {why}."))
    }
}

/// Tells Telegram where to call this bot, and what then holds.
///
/// # Errors
/// Telegram refuses (the address must be `https://` on port 443, 80, 88 or 8443, and reachable), or
/// can't be reached.
pub async fn set_webhook(bot: &Bot, url: &str, secret: &str) -> Result<WebhookInfo> {
    let wanted = json!({
        "url": url,
        "secret_token": secret,
        "allowed_updates": ALLOWED,
        "max_connections": CONNECTIONS,
    });
    bot.call::<bool>("setWebhook", &wanted).await?;
    Ok(webhook_info(bot).await?)
}

async fn webhook_info(bot: &Bot) -> Result<WebhookInfo, Failure> {
    bot.call("getWebhookInfo", &json!({})).await
}

/// Sets the bot's menu in each language, and in the installation's own for all others.
pub(super) async fn set_menu(bot: &Bot, wording: &Wording) -> Result<(), Failure> {
    for language in LANGUAGES.map(Some).into_iter().chain([None]) {
        let say = |phrase| wording(phrase, language);
        let mut menu = json!({"commands": [
            {"command": "start", "description": say(Phrase::MenuStart)},
            {"command": "help", "description": say(Phrase::MenuHelp)},
            {"command": "operator", "description": say(Phrase::MenuOperator)},
        ]});
        if let Some(language) = language {
            menu["language_code"] = json!(language);
        }
        bot.call::<bool>("setMyCommands", &menu).await?;
    }
    Ok(())
}

/// Looks now and then whether Telegram calls us, until `stop`.
pub(super) async fn watch_webhook(
    bot: &Bot,
    expected: Option<&str>,
    trouble: &Trouble,
    stop: &CancellationToken,
) {
    loop {
        tokio::select! {
            info = webhook_info(bot) => match trouble.note(info) {
                Ok(info) => trouble.set(info.problem(expected)),
                Err(error) => tracing::warn!(%error, "telegram.not_asked"),
            },
            () = stop.cancelled() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(url: &str, error: Option<u64>) -> WebhookInfo {
        WebhookInfo {
            url: url.to_owned(),
            pending_update_count: 12,
            last_error_date: error.map(|ago| now() - ago),
            last_error_message: error.map(|_| "Connection timed out".to_owned()),
        }
    }

    #[test]
    fn a_webhook_that_is_not_ours_is_a_problem() {
        let ours = format!("https://help.example.com{PATH}");
        for url in [ours.clone(), format!("{ours}/")] {
            assert_eq!(info(&url, None).problem(Some(&ours)), None);
            assert_eq!(info(&url, Some(3_600)).problem(Some(&ours)), None, "long ago");
        }
        let failing = info(&ours, Some(30)).problem(Some(&ours)).unwrap();
        assert!(failing.ends_with("failed: Connection timed out."), "{failing}");
        assert!(info("", None).problem(Some(&ours)).unwrap().contains("no address"));
        let other = info("https://other.example.com/hook", None);
        assert!(other.problem(Some(&ours)).unwrap().contains("another address"));
        assert!(other.problem(None).unwrap().contains("another address"));
        assert_eq!(info(&ours, None).problem(None), None);
    }

    #[test]
    fn it_is_told_in_words() {
        let said = info("https://a.example/x", Some(120)).sentences();
        assert_eq!(said[0], "Telegram calls https://a.example/x.");
        assert_eq!(said[1], "12 updates wait.");
        assert_eq!(said[2], "The last call that failed, 2 minutes ago: Connection timed out.");
    }
}
