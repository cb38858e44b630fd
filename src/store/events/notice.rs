//! How the engines on one PostgreSQL tell each other that there are new events.
//!
//! `NOTIFY` inside of a writing transaction would let commits wait for each other, so it is sent
//! after the commit, on its own, and once for many commits. Nothing depends on it but the time until
//! somebody looks: whoever follows the log looks every now and then anyway.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection;

use crate::store::pool::Target;
use crate::store::postgres::PostgresTarget;
use crate::store::{Error, Result, Store};

/// The channel of `LISTEN`; PostgreSQL keeps those of different databases apart.
const CHANNEL: &str = "centrium_events";
/// The shortest time between two notices of one engine.
const PAUSE: Duration = Duration::from_millis(20);
/// The pause before a lost connection is made again.
const RECONNECT: Duration = Duration::from_secs(1);

impl Store {
    /// Tells other engines of each commit that wrote events, until it is dropped. Has nothing to do on
    /// SQLite, which has one engine.
    pub async fn announce_events(&self) {
        if let Target::Sqlite(_) = self.target {
            return;
        }
        let mut written = self.events_written();
        while written.changed().await.is_ok() {
            if let Err(error) = self.notify().await {
                tracing::debug!(%error, "events.not_announced");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn notify(&self) -> Result<()> {
        let sql = format!("NOTIFY {CHANNEL}, '{}'", self.name);
        self.read().await?.execute_batch(&sql).await
    }

    /// Calls `heard` whenever another engine may have written events, until it is dropped. Never on
    /// SQLite.
    pub async fn hear_of_events(&self, heard: impl Fn()) {
        let Target::Postgres(target) = &self.target else {
            return std::future::pending().await;
        };
        loop {
            if let Err(error) = self.listen(target, &heard).await {
                tracing::warn!(%error, "events.not_heard");
            }
            tokio::time::sleep(RECONNECT).await;
        }
    }

    async fn listen(&self, target: &PostgresTarget, heard: &impl Fn()) -> Result<()> {
        let mut line = target.connect().await.map_err(Error::unavailable)?;
        line.conn.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
        // There may have been some before it listened.
        heard();
        while let Some(name) = line.notifications.recv().await {
            if name != self.name {
                heard();
            }
        }
        Ok(())
    }
}
