//! `centrium set-webhook`: where Telegram calls a bot.

use clap::{Args, ValueEnum};

use super::say;
use crate::app::{self, AppError};
use crate::config::Config;

/// Which bot, and where.
#[derive(Debug, Args)]
pub(super) struct SetWebhook {
    /// The bot
    bot: Bot,
    /// The address of this engine, as Telegram reaches it [default: PUBLIC_URL]
    url: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Bot {
    /// The customers' bot (TELEGRAM_BOT_TOKEN)
    Telegram,
}

pub(super) async fn run(options: SetWebhook, config: Config) -> Result<(), AppError> {
    let Bot::Telegram = options.bot;
    app::set_webhook(&config, options.url.as_deref()).await?.into_iter().for_each(say);
    Ok(())
}
