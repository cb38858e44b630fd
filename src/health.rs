//! Whether the engine works: looked at for `/healthz` and the status page, at most once a second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use centrium_channels::ChannelKind;
use tokio::sync::Mutex;

use crate::clock::Millis;
use crate::store::names::JobState;
use crate::store::{Result, Store, channels, jobs, settings};

/// How long a look is good for.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// How long a look may take before the database counts as gone.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the last look found.
#[derive(Clone, Debug, Default)]
pub struct Pulse {
    /// The database can be written.
    pub can_write: bool,
    /// What is wrong, one sentence each.
    pub problems: Vec<String>,
    /// Channels that an operator has switched off.
    pub switched_off: Vec<ChannelKind>,
}

/// Remembers the last look.
#[derive(Default)]
pub struct Health {
    last: Mutex<Option<(Instant, Arc<Pulse>)>>,
}

impl Health {
    /// The state of things, no older than a second.
    pub async fn pulse(&self, store: &Store, now: Millis) -> Arc<Pulse> {
        let mut last = self.last.lock().await;
        if let Some((at, pulse)) = &*last
            && at.elapsed() < GOOD_FOR
        {
            return pulse.clone();
        }
        let pulse = Arc::new(look(store, now).await);
        *last = Some((Instant::now(), pulse.clone()));
        pulse
    }
}

async fn look(store: &Store, now: Millis) -> Pulse {
    let mut pulse = Pulse::default();
    match tokio::time::timeout(PATIENCE, write(store, now)).await {
        Ok(Ok(())) => pulse.can_write = true,
        Ok(Err(error)) => {
            tracing::warn!(%error, "health.database");
            pulse.problems.push(String::from("The database can't be written."));
            return pulse;
        }
        Err(_) => {
            pulse.problems.push(String::from("The database does not answer in time."));
            return pulse;
        }
    }
    if let Err(error) = read(store, &mut pulse).await {
        tracing::warn!(%error, "health.database");
        pulse.problems.push(String::from("The database can't be read."));
    }
    pulse
}

async fn write(store: &Store, now: Millis) -> Result<()> {
    let tx = store.begin().await?;
    settings::set(&tx, "heartbeat", &now.to_string(), now).await?;
    tx.commit().await
}

async fn read(store: &Store, pulse: &mut Pulse) -> Result<()> {
    let conn = store.read().await?;
    for row in channels::all(&conn).await? {
        if !row.is_active {
            pulse.switched_off.push(row.kind.0);
        }
    }
    for (state, count, _) in jobs::census(&conn).await? {
        if state == JobState::Buried && count > 0 {
            pulse
                .problems
                .push(format!("{count} failed jobs wait for a person: centrium jobs list."));
        }
    }
    Ok(())
}
