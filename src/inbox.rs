//! The engine's side of the wall between it and its channels.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use centrium_channels::{ChannelKind, Error, Inbox, Incoming, KeyId, Kind, Receipt, Reply, Result};
use serde_json::Value;

use crate::access::Want;
use crate::engine::Engine;
use crate::store::idempotency::IdempotencyKey;
use crate::store::quarantine::Raw;
use crate::store::{StoredKind, channels, idempotency, quarantine};

/// Bytes that are kept of what can't be understood.
const RAW: usize = 64 * 1024;

/// What an adapter is given.
pub struct EngineInbox {
    engine: Engine,
}

impl EngineInbox {
    /// The inbox of this engine.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

#[async_trait]
impl Inbox for EngineInbox {
    async fn accept(&self, message: Incoming) -> Result<Receipt> {
        self.engine.ingest.accept(message).await
    }

    async fn reply_to(&self, receipt: &Receipt, within: Duration) -> Result<Option<Reply>> {
        Ok(self.engine.turns.reply_to(&self.engine.store, receipt, within).await?)
    }

    async fn is_first(&self, channel: ChannelKind, id: &str) -> Result<bool> {
        let tx = self.engine.store.begin().await?;
        let rows = channels::all(&tx).await?;
        if rows.iter().any(|row| row.kind.0 == channel && !row.is_active) {
            let sentence = format!("The channel {channel} is switched off.");
            return Err(Error::new(Kind::ChannelOff, sentence));
        }
        let key = IdempotencyKey {
            scope: format!("arrived:{channel}"),
            key: id.to_owned(),
            request: String::new(),
            resource_id: 0,
            created_at: self.engine.clock.now(),
        };
        let is_first = idempotency::use_once(&tx, &key).await?;
        tx.commit().await?;
        Ok(is_first)
    }

    async fn quarantine(&self, channel: ChannelKind, reason: &str, raw: Bytes) -> Result<()> {
        let raw = Raw {
            channel: StoredKind(channel),
            reason,
            raw: &raw[..raw.len().min(RAW)],
            state: "new",
            created_at: self.engine.clock.now(),
        };
        let tx = self.engine.store.begin().await?;
        quarantine::keep(&tx, &raw).await?;
        Ok(tx.commit().await?)
    }

    async fn read_ticket(&self, channel: ChannelKind, ticket_id: i64) -> Result<Option<Value>> {
        crate::tickets::read::for_channel(&self.engine, channel, ticket_id).await
    }

    async fn authorize(&self, key: Option<&str>, caller: Option<IpAddr>) -> Result<KeyId> {
        self.engine.access.check(key, Want::External, caller).await
    }
}
