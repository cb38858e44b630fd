//! The tokens of a day, kept in the database: every engine on it, and every life of an engine, counts
//! together.

use std::sync::OnceLock;

use crate::clock::{Clock, DAY};
use crate::store::{Result, Store, settings};

/// What the names of the counters begin with; a day's number follows.
const NAME: &str = "ai_tokens ";

/// How many tokens may be spent in a day (UTC). Turns that are under way when the cap is reached may
/// go over it.
#[derive(Default)]
pub(super) struct Budget {
    cap: Option<u64>,
    ledger: OnceLock<(Store, Clock)>,
}

impl Budget {
    pub(super) fn new(cap: Option<u64>) -> Self {
        Self { cap, ledger: OnceLock::new() }
    }

    /// From now on it is counted here; without a database nothing is counted.
    pub(super) fn keep_in(&self, store: &Store, clock: &Clock) {
        drop(self.ledger.set((store.clone(), clock.clone())));
    }

    /// Whether nothing is left of this day's tokens. A database that can't be asked stops nobody.
    pub(super) async fn is_spent(&self) -> bool {
        let (Some(cap), Some((store, clock))) = (self.cap, self.ledger.get()) else { return false };
        match spent(store, &name_of_today(clock)).await {
            Ok(spent) => spent >= cap,
            Err(error) => {
                tracing::warn!(%error, "model.budget_unknown");
                false
            }
        }
    }

    pub(super) async fn spend(&self, tokens: u64) {
        let Some((store, clock)) = self.ledger.get().filter(|_| self.cap.is_some() && tokens > 0)
        else {
            return;
        };
        if let Err(error) = add(store, clock, tokens).await {
            tracing::warn!(%error, "model.budget_not_kept");
        }
    }
}

impl std::fmt::Debug for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Budget").field("cap", &self.cap).finish_non_exhaustive()
    }
}

fn name_of_today(clock: &Clock) -> String {
    format!("{NAME}{}", clock.now().div_euclid(DAY))
}

async fn spent(store: &Store, name: &str) -> Result<u64> {
    let value = settings::get(&*store.read().await?, name).await?;
    Ok(value.and_then(|value| value.parse().ok()).unwrap_or_default())
}

async fn add(store: &Store, clock: &Clock, tokens: u64) -> Result<()> {
    let (name, now) = (name_of_today(clock), clock.now());
    let tx = store.begin().await?;
    settings::add(&tx, &name, i64::try_from(tokens).unwrap_or(i64::MAX), now).await?;
    settings::forget_others(&tx, NAME, &name).await?;
    tx.commit().await
}
