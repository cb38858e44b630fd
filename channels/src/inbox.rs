//! The engine, as a channel sees it.

use std::time::Duration;

use async_trait::async_trait;

use crate::{Incoming, KeyId, Reply, Result};

/// The engine's side of the crate wall.
///
/// An adapter that gets an error passes its sentence to whoever called, with the status of
/// its [`Kind`](crate::Kind), and acknowledges nothing.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Makes a message durable, with its contact, its ticket and all that follows from it.
    ///
    /// When this is `Ok`, the message survives a power cut, and the channel may acknowledge.
    /// A message that was accepted before (the same `external_id`, or the same idempotency key)
    /// is `Ok` again with [`Receipt::duplicate`] and the first one's ids; nothing is done twice,
    /// also when both arrive at the same moment or on two nodes.
    ///
    /// # Errors
    /// `Invalid` (a limit of [`Incoming`] is broken, an image is none), `Conflict` (the
    /// idempotency key was used for another request), `ChannelOff`, `Unavailable` (the store can't
    /// be written: the caller should come again; nothing was stored).
    async fn accept(&self, message: Incoming) -> Result<Receipt>;

    /// Waits for the answer to a message that was accepted with `awaits_reply`.
    ///
    /// Returns it at once where it exists already (a repeat of an answered request). `None`
    /// when `within` passed: the message is safe, and the answer will be made.
    ///
    /// # Errors
    /// `Unavailable` when the store could not be asked.
    async fn reply_to(&self, receipt: &Receipt, within: Duration) -> Result<Option<Reply>>;

    /// Notes what arrived and is no message (a command, a pressed button), under its own id on the
    /// channel. True the first time, on whichever node; the id is kept for 48 hours.
    ///
    /// # Errors
    /// `ChannelOff`, `Unavailable`; nothing was noted.
    async fn is_first(&self, channel: crate::ChannelKind, id: &str) -> Result<bool>;

    /// Keeps what arrived and can't be understood, for a person: durable when `Ok`, so that the
    /// channel may acknowledge it. `reason` is a sentence. Of each channel the newest 1,000 are
    /// kept, of each of them the first 64 KiB.
    ///
    /// # Errors
    /// `Unavailable`; nothing was kept.
    async fn quarantine(
        &self,
        channel: crate::ChannelKind,
        reason: &str,
        raw: bytes::Bytes,
    ) -> Result<()>;

    /// A ticket of this adapter's channel, with its messages, for callers that read answers.
    /// Notes and drafts are left out; reading counts as the delivery of what was pending.
    /// `None` when there is no such ticket on `channel`. The shape is that of the ticket API.
    ///
    /// # Errors
    /// `Unavailable` when the store could not be asked.
    async fn read_ticket(
        &self,
        channel: crate::ChannelKind,
        ticket_id: i64,
    ) -> Result<Option<serde_json::Value>>;

    /// Whether a caller that shows `key` may use the external API, and which key it is.
    ///
    /// `key` is compared in constant time; `None` is a caller without any. Callers of the same
    /// key share a rate, refused ones share the rate of their address.
    ///
    /// # Errors
    /// `Unauthorized`, `TooMany` (with the time to wait), `Unavailable`.
    async fn authorize(&self, key: Option<&str>, caller: Option<std::net::IpAddr>)
    -> Result<KeyId>;
}

/// A message is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The ticket it belongs to.
    pub ticket_id: i64,
    /// The message.
    pub message_id: i64,
    /// It was stored before; this call changed nothing.
    pub duplicate: bool,
}
