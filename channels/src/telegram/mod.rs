#![doc = include_str!("docs.md")]

mod addressed;
mod api;
mod client;
mod content;
mod failure;
mod intake;
mod media;
mod multipart;
mod parse;
mod poll;
mod send;
mod setup;
mod split;
#[cfg(test)]
mod tests;
mod webhook;
mod wording;

use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

use crate::{Channel, ChannelKind, Delivery, Health, Inbox, Outgoing, Result, Sent};

pub use client::Bot;
pub use setup::{WebhookInfo, set_webhook};
pub use webhook::{BODY_LIMIT, PATH, documentation};
pub use wording::{Phrase, Wording};

use intake::Intake;
use send::Progress;
use setup::Trouble;

/// How updates come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Telegram calls us.
    Webhook {
        /// What it must show; without one, whoever knows the address is believed.
        secret: Option<Arc<str>>,
        /// The whole address that Telegram must call; `None` where it can't be told.
        url: Option<String>,
    },
    /// We ask Telegram.
    Polling,
}

/// What the channel is made of.
pub struct Settings {
    /// The bot.
    pub bot: Bot,
    /// How updates come.
    pub mode: Mode,
    /// What the bot says by itself.
    pub wording: Wording,
}

/// The customers' bot.
pub struct Telegram {
    bot: Arc<Bot>,
    mode: Mode,
    wording: Wording,
    intake: Intake,
    progress: Progress,
    trouble: Trouble,
}

impl Telegram {
    /// The channel with these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings { bot, mode, wording } = settings;
        let bot = Arc::new(bot);
        let intake = Intake::new(bot.clone(), wording.clone());
        let (progress, trouble) = (Progress::default(), Trouble::default());
        Self { bot, mode, wording, intake, progress, trouble }
    }
}

#[async_trait]
impl Channel for Telegram {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Telegram
    }

    fn delivery(&self) -> Delivery {
        Delivery::Push
    }

    fn routes(&self, inbox: Arc<dyn Inbox>) -> OpenApiRouter {
        match &self.mode {
            Mode::Webhook { secret, .. } => {
                webhook::routes(self.intake.clone(), secret.clone(), inbox)
            }
            Mode::Polling => OpenApiRouter::new(),
        }
    }

    async fn run(&self, inbox: Arc<dyn Inbox>, stop: CancellationToken) -> Result<()> {
        let menu = tokio::select! {
            menu = setup::set_menu(&self.bot, &self.wording) => menu,
            () = stop.cancelled() => return Ok(()),
        };
        if let Err(failure) = menu {
            let error = crate::Error::from(failure);
            tracing::warn!(%error, "telegram.menu_not_set");
        }
        match &self.mode {
            Mode::Webhook { url, .. } => {
                setup::watch_webhook(&self.bot, url.as_deref(), &self.trouble, &stop).await;
                Ok(())
            }
            Mode::Polling => {
                poll::run(&self.bot, &self.intake, &*inbox, &self.trouble, &stop).await
            }
        }
    }

    async fn send(&self, out: &Outgoing) -> Result<Sent> {
        send::send(&self.bot, &self.wording, &self.progress, out).await
    }

    async fn health(&self) -> Health {
        self.trouble.get().map_or(Health::Ok, Health::Problem)
    }
}
