//! Whether the engine works: looked at for `/healthz` and the status page, each at most once a second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use centrium_channels::ChannelKind;
use tokio::sync::Mutex;

use crate::clock::Millis;
use crate::store::{self, Store, channels, jobs, settings};

/// How long a look is good for.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// How long a look may take before the database counts as gone.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the last look for the status page found.
#[derive(Clone, Debug, Default)]
pub struct Pulse {
    /// What is wrong, one sentence each.
    pub problems: Vec<String>,
    /// Channels that an operator has switched off.
    pub switched_off: Vec<ChannelKind>,
}

/// Whether the database can be written; else a sentence that says what is wrong.
type Written = Result<(), &'static str>;

/// Remembers the last looks. Whoever asks only whether the database can be written never waits for
/// what the status page tells beside that.
#[derive(Default)]
pub struct Health {
    written: Mutex<Option<(Instant, Written)>>,
    pulse: Mutex<Option<(Instant, Arc<Pulse>)>>,
}

impl Health {
    /// Whether the database can be written, as it was a second ago at most. A look is a transaction
    /// that has its turn in order of arrival, as those of messages do; it takes 3 s at most.
    pub async fn can_write(&self, store: &Store, now: Millis) -> bool {
        self.written(store, now).await.is_ok()
    }

    /// The state of things, no older than two seconds.
    pub async fn pulse(&self, store: &Store, now: Millis) -> Arc<Pulse> {
        let mut last = self.pulse.lock().await;
        if let Some((at, pulse)) = &*last
            && at.elapsed() < GOOD_FOR
        {
            return pulse.clone();
        }
        let pulse = Arc::new(look(store, self.written(store, now).await).await);
        *last = Some((Instant::now(), pulse.clone()));
        pulse
    }

    async fn written(&self, store: &Store, now: Millis) -> Written {
        let mut last = self.written.lock().await;
        if let Some((at, written)) = *last
            && at.elapsed() < GOOD_FOR
        {
            return written;
        }
        let written = match tokio::time::timeout(PATIENCE, write(store, now)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "health.database");
                Err("The database can't be written.")
            }
            Err(_) => Err("The database does not answer in time."),
        };
        *last = Some((Instant::now(), written));
        written
    }
}

async fn look(store: &Store, written: Written) -> Pulse {
    let mut pulse = Pulse::default();
    if let Err(sentence) = written {
        pulse.problems.push(sentence.to_owned());
    } else if let Err(error) = read(store, &mut pulse).await {
        tracing::warn!(%error, "health.database");
        pulse.problems.push(String::from("The database can't be read."));
    }
    pulse
}

async fn write(store: &Store, now: Millis) -> store::Result<()> {
    let tx = store.begin().await?;
    settings::set(&tx, "heartbeat", &now.to_string(), now).await?;
    tx.commit().await
}

async fn read(store: &Store, pulse: &mut Pulse) -> store::Result<()> {
    let conn = store.read().await?;
    for row in channels::all(&conn).await? {
        if !row.is_active {
            pulse.switched_off.push(row.kind.0);
        }
    }
    let buried = jobs::count_buried(&conn).await?;
    if buried > 0 {
        let sentence = format!("{buried} failed jobs wait for a person: centrium jobs list.");
        pulse.problems.push(sentence);
    }
    Ok(())
}
