//! Writes how requests went, for a set of them in one transaction.

use std::collections::{HashMap, HashSet};

use futures_util::future::try_join_all;

use super::endpoint::Held;
use super::outcome;
use super::send::Attempt;
use crate::clock::Millis;
use crate::engine::Engine;
use crate::events;
use crate::store::events::NewEvent;
use crate::store::webhooks::{self, Webhook};
use crate::store::{self, Changes, Tx, deliveries};
use crate::telemetry::metrics as names;

/// What became of a delivery that this engine held; `None` where it was not tried.
pub(super) struct Ended(pub Held, pub Option<Attempt>);

/// Writes what became of deliveries, where this engine still holds them, with what it means for their
/// webhooks. Gives those that were switched off, with the reason.
///
/// Each row is written once: PostgreSQL refuses a set that holds one twice.
pub(super) async fn settle(
    engine: &Engine,
    tx: &Tx,
    ended: &[Ended],
) -> store::Result<Vec<(Webhook, String)>> {
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = ended.iter().map(|Ended(held, _)| held.delivery.id).collect();
    let tried = ended.iter().filter(|Ended(_, attempt)| attempt.is_some());
    let mut hook_ids: Vec<i64> = tried.map(|Ended(held, _)| held.delivery.webhook_id).collect();
    hook_ids.sort_unstable();
    hook_ids.dedup();
    let (still_held, hooks) = tokio::try_join!(
        biased;
        deliveries::still_held(tx, &engine.node, &ids),
        webhooks::lock(tx, &hook_ids),
    )?;
    let mut still_held: HashSet<i64> = still_held.into_iter().collect();
    let mut hooks: HashMap<i64, Webhook> = hooks.into_iter().map(|hook| (hook.id, hook)).collect();

    let now = engine.clock.now();
    let mut rows = Vec::with_capacity(ended.len());
    let mut switched_off = Vec::new();
    for Ended(held, attempt) in ended {
        if !still_held.remove(&held.delivery.id) {
            continue;
        }
        let mut row = held.delivery.clone();
        match (attempt, hooks.get_mut(&row.webhook_id)) {
            (None, _) => {}
            (Some(attempt), Some(hook)) => {
                let pauses = &engine.config.webhook_retry_seconds;
                let reason = outcome::note(hook, &mut row, attempt, pauses, now);
                switched_off.extend(reason.map(|reason| (hook.clone(), reason)));
                names::count_webhook_try(row.status.as_str());
            }
            // It was deleted, and its deliveries are being deleted.
            (Some(_), None) => continue,
        }
        rows.push(row);
    }
    deliveries::update(tx, rows).await?;
    let mut hooks: Vec<Webhook> = hooks.into_values().collect();
    hooks.sort_unstable_by_key(|hook| hook.id);
    try_join_all(hooks.iter().map(|hook| webhooks::update(tx, hook))).await?;
    let events = switched_off.iter().map(|(hook, reason)| told_of(hook, reason, now)).collect();
    Changes { events, ..Changes::default() }.write(tx).await?;
    Ok(switched_off)
}

fn told_of(hook: &Webhook, reason: &str, now: Millis) -> NewEvent {
    events::webhook_disabled(hook.id, &hook.name, reason, now)
}

pub(super) fn log_switched_off(switched_off: &[(Webhook, String)]) {
    for (hook, reason) in switched_off {
        tracing::error!(webhook.id = hook.id, reason, "webhook.disabled");
    }
}
