//! The engine's side of the wall between it and its channels.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use centrium_channels::{ChannelKind, Inbox, Incoming, KeyId, Receipt, Reply, Result};
use serde_json::Value;

use crate::access::Want;
use crate::engine::Engine;

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

    async fn read_ticket(&self, channel: ChannelKind, ticket_id: i64) -> Result<Option<Value>> {
        crate::tickets::read::for_channel(&self.engine, channel, ticket_id).await
    }

    async fn authorize(&self, key: Option<&str>, caller: Option<IpAddr>) -> Result<KeyId> {
        self.engine.access.check(key, Want::External, caller).await
    }
}
