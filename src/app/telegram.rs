//! The customers' Telegram bot: what the channel is given, and where Telegram is told to call it.

use std::sync::Arc;
use std::time::Duration;

use centrium_channels::telegram::{self, Bot, Mode, Phrase, Settings, Wording};
use reqwest::redirect::Policy;
use secrecy::ExposeSecret;

use super::AppError;
use crate::assistant::{Language, Live};
use crate::config::{Config, TelegramMode};
use crate::{keys, tls};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Telegram's own server, which calls nothing but HTTPS.
const TELEGRAM: &str = "https://api.telegram.org";

/// What the customers' bot needs; `None` where it is switched off.
pub(super) fn settings(config: &Config, live: &Live) -> Result<Option<Settings>, AppError> {
    let Some(bot) = bot(config)? else { return Ok(None) };
    let mode = match config.telegram_mode {
        TelegramMode::Polling => Mode::Polling,
        TelegramMode::Webhook => {
            let secret = config.telegram_webhook_secret.as_ref();
            if secret.is_none() {
                let advice = "anyone who knows its address can write as anybody; \
                              set one with: centrium set-webhook telegram";
                tracing::warn!(advice, "telegram.webhook_without_secret");
            }
            // Without an address of its own, it is reached in a way that only its people know.
            let public = config.public_url.as_str();
            let url = public.starts_with("https://").then(|| webhook_url(public));
            Mode::Webhook { secret: secret.map(|s| Arc::from(s.expose_secret())), url }
        }
    };
    Ok(Some(Settings { bot, mode, wording: wording(live.clone()) }))
}

fn bot(config: &Config) -> Result<Option<Bot>, AppError> {
    let Some(token) = &config.telegram_bot_token else { return Ok(None) };
    let cannot = |e: &dyn std::fmt::Display| AppError::new("Can't call Telegram", e);
    let tls = tls::client_config(tls::public_roots()).map_err(|e| cannot(&e))?;
    let http = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_WITHIN)
        // The token stands in the address.
        .redirect(Policy::none())
        .build()
        .map_err(|e| cannot(&e.without_url()))?;
    // The configuration was checked.
    let bot = Bot::new(http, config.telegram_api_url.as_str(), token.expose_secret());
    bot.map(Some).ok_or_else(|| AppError("TELEGRAM_BOT_TOKEN is no token.".to_owned()))
}

/// The texts that are in force at each moment.
fn wording(live: Live) -> Wording {
    Arc::new(move |phrase, tag| {
        let now = live.now();
        let texts = &now.texts;
        // `en-GB` is English.
        let spoken: Option<Language> = tag.and_then(|tag| tag.split('-').next()?.parse().ok());
        texts.say(texts.language_or_default(spoken), key(phrase))
    })
}

const fn key(phrase: Phrase) -> &'static str {
    match phrase {
        Phrase::Greeting => "greeting",
        Phrase::Help => "bot-help",
        Phrase::CallOperator => "call-operator",
        Phrase::SharePhone => "share-phone",
        Phrase::FileTooLarge => "file-too-large",
        Phrase::FileLost => "file-lost",
        Phrase::MenuStart => "menu-start",
        Phrase::MenuHelp => "menu-help",
        Phrase::MenuOperator => "menu-operator",
    }
}

/// The webhook of an engine that is reached at `base`; an address that names it already stays.
fn webhook_url(base: &str) -> String {
    let base = base.trim_end_matches('/');
    if base.ends_with(telegram::PATH) {
        format!("{base}/")
    } else {
        format!("{base}{}/", telegram::PATH)
    }
}

/// Tells Telegram where to call the customers' bot, by default below `PUBLIC_URL`, and says in
/// sentences what holds then.
///
/// # Errors
/// When the bot is not configured, or Telegram refuses.
pub async fn set_webhook(config: &Config, url: Option<&str>) -> Result<Vec<String>, AppError> {
    let Some(bot) = bot(config)? else {
        return Err(AppError("No bot is configured; set TELEGRAM_BOT_TOKEN.".to_owned()));
    };
    if config.telegram_mode == TelegramMode::Polling {
        let why = "TELEGRAM_MODE is polling, which removes every webhook; set it to webhook.";
        return Err(AppError(why.to_owned()));
    }
    let url = webhook_url(url.unwrap_or(config.public_url.as_str()));
    if config.telegram_api_url.as_str() == TELEGRAM && !url.starts_with("https://") {
        return Err(AppError(format!(
            "Telegram calls https:// addresses only, and not {url}; set PUBLIC_URL, or name the \
             address behind the command."
        )));
    }
    let configured = config.telegram_webhook_secret.as_ref().map(|s| s.expose_secret().to_owned());
    let secret = configured.clone().unwrap_or_else(keys::generate);
    let info = telegram::set_webhook(&bot, &url, &secret)
        .await
        .map_err(|e| AppError::new("The webhook is not set", e))?;
    let mut said = info.sentences();
    if configured.is_none() {
        said.push(
            "Telegram shows a new secret with each call. Keep it in the engine's configuration and \
             restart the engine, so that it refuses whoever does not show it:"
                .to_owned(),
        );
        said.push(format!("TELEGRAM_WEBHOOK_SECRET={secret}"));
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assistant::{Builtin, Immediate, Instructions, Turn};

    #[test]
    fn an_address_may_be_whole_or_only_a_host() {
        let whole = "https://help.example.com/tickets/api/telegram/webhook/";
        for base in ["https://help.example.com", "https://help.example.com/", whole] {
            assert_eq!(webhook_url(base), whole);
        }
    }

    #[test]
    fn what_the_button_says_calls_an_operator_in_every_language() {
        let instructions = Arc::new(Instructions::load(None, "X", Language::Ru).unwrap());
        let live = Live::new(instructions.clone());
        let say = wording(live);
        let builtin: &Builtin = &instructions.builtin;
        for tag in ["ru", "kk", "en", "en-GB", "de"] {
            let message = say(Phrase::CallOperator, Some(tag));
            let verdict = builtin.decide(&Turn { message: message.clone(), ..Turn::default() });
            assert!(verdict.needs_escalation, "{message}: {verdict:?}");
        }
        assert_eq!(say(Phrase::CallOperator, Some("en-GB")), "Call an operator");
        assert_eq!(say(Phrase::CallOperator, None), "Позвать оператора");
    }
}
