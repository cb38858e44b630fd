//! What a channel offers to the engine.

use std::sync::Arc;
use std::{fmt, str::FromStr};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::{Health, Inbox, Outgoing, Result, Sent};

/// The roads a message may come by. The names are those of the status page
/// (`/tickets/api/status/`), of the ticket API and of the database.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// The chat widget and the support form of a website.
    Web,
    /// A mailbox read by IMAP and answered by SMTP.
    Email,
    /// A Telegram bot that customers write to.
    Telegram,
    /// WhatsApp Cloud API.
    Whatsapp,
    /// Other systems that post their customers' messages over HTTP.
    Api,
    /// A site without open ports, which the engine dials out to.
    Site,
}

impl ChannelKind {
    /// Every kind, in the order in which lists show them.
    pub const ALL: [Self; 6] =
        [Self::Web, Self::Email, Self::Telegram, Self::Whatsapp, Self::Api, Self::Site];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Email => "email",
            Self::Telegram => "telegram",
            Self::Whatsapp => "whatsapp",
            Self::Api => "api",
            Self::Site => "site",
        }
    }

    /// Whether a conversation is one ticket for ever ([`Incoming::conversation`](crate::Incoming)).
    /// On the other channels it is the customer's: it may have several tickets, one open at a time.
    #[must_use]
    pub const fn has_lasting_conversations(self) -> bool {
        matches!(self, Self::Api | Self::Site | Self::Email)
    }
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no channel.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a channel is one of web, email, telegram, whatsapp, api, site")]
pub struct UnknownChannel;

impl FromStr for ChannelKind {
    type Err = UnknownChannel;

    fn from_str(s: &str) -> std::result::Result<Self, UnknownChannel> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == s).ok_or(UnknownChannel)
    }
}

/// One channel: how messages come in, and how answers leave.
///
/// A channel speaks its protocol and nothing else. It never sees the database; all that it
/// learns it gives to the [`Inbox`], and it acknowledges to the outside only after the inbox
/// said `Ok`. The engine calls [`send`](Channel::send) from a retried job, at most one call at
/// a time for one message.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Which channel this is. One kind has one channel in a running engine.
    fn kind(&self) -> ChannelKind;

    /// How an answer reaches the customer: see [`Delivery`].
    fn delivery(&self) -> Delivery;

    /// The HTTP routes of this channel, without trailing slashes. They are mounted at the root
    /// and documented by their annotations. Default: none.
    fn routes(&self, _inbox: Arc<dyn Inbox>) -> OpenApiRouter {
        OpenApiRouter::new()
    }

    /// Pollers and outgoing sockets: runs until `stop` is cancelled, then returns within 5 s.
    /// An error is logged and the engine calls again after a pause. Default: waits for `stop`.
    async fn run(&self, _inbox: Arc<dyn Inbox>, stop: CancellationToken) -> Result<()> {
        stop.cancelled().await;
        Ok(())
    }

    /// Hands one answer to the channel's own server.
    ///
    /// `out.key` is the same over all tries of one answer: where the protocol offers it, it is
    /// passed on so that a repeated try does nothing twice.
    ///
    /// # Errors
    /// [`Error::retry`](crate::Error::retry) tells the engine whether, and when, to try again;
    /// an error that says never ends the delivery as failed, with the sentence for the operator.
    async fn send(&self, out: &Outgoing) -> Result<Sent>;

    /// Whether the channel works right now; called at most every few seconds, answers at once.
    async fn health(&self) -> Health;
}

/// How an answer leaves a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The engine calls [`Channel::send`].
    Push,
    /// The other side fetches the answer: with the reply to its own request, by reading the
    /// ticket, or from an event. Nothing is sent.
    Pull,
}
