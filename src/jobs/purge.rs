//! Old rows go: batch after batch, each in a transaction of its own, so that messages come in
//! between them.

use crate::clock::{DAY, HOUR};
use crate::engine::Engine;
use crate::store::{Result, decisions, events, idempotency, jobs};

/// Idempotency keys are kept longer than the 24 hours that callers may rely on.
const KEEP_KEYS: i64 = 48 * HOUR;
/// Old rows that are deleted in one transaction.
const BATCH: i64 = 2_000;

/// Deletes what is too old.
///
/// # Errors
/// As every statement.
pub(super) async fn purge(engine: &Engine) -> Result<()> {
    purge_events_and_keys(engine).await?;
    purge_decisions(engine).await
}

async fn purge_events_and_keys(engine: &Engine) -> Result<()> {
    let now = engine.clock.now();
    let keep_events = i64::from(engine.config.events_keep_days) * DAY;
    loop {
        let tx = engine.store.begin().await?;
        let purged = events::purge(&tx, now - keep_events, BATCH).await?;
        let keys = idempotency::purge(&tx, now - KEEP_KEYS, BATCH).await?;
        tx.commit().await?;
        let event_rows = purged.rows;
        if purged.pending > 0 {
            tracing::warn!(deliveries = purged.pending, "webhooks.expired");
        }
        if event_rows + keys > 0 {
            tracing::info!(event_rows, idempotency_keys = keys, "housekeeping.purged");
        }
        let is_last = i64::try_from(event_rows.max(keys)).unwrap_or(0) < BATCH;
        if is_last || engine.stop.is_cancelled() {
            return Ok(());
        }
    }
}

/// A message whose decision is gone looks as if nobody had answered it. That matters only while an
/// older turn of its ticket, or its own, may still come: of such tickets they stay.
async fn purge_decisions(engine: &Engine) -> Result<()> {
    let at = engine.clock.now() - i64::from(engine.config.decisions_keep_days) * DAY;
    let mut after = 0;
    loop {
        let conn = engine.store.read().await?;
        let mut rows = decisions::oldest(&conn, after, BATCH).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        let is_last = last.created_at >= at;
        after = last.id;
        rows.retain(|row| row.created_at < at);
        if rows.is_empty() {
            return Ok(());
        }
        let unanswered = jobs::tickets_unanswered_since(&conn, at).await?;
        drop(conn);
        rows.retain(|row| !unanswered.contains(&row.ticket_id));
        let ids: Vec<i64> = rows.into_iter().map(|row| row.id).collect();
        if !ids.is_empty() {
            let tx = engine.store.begin().await?;
            decisions::delete(&tx, &ids).await?;
            tx.commit().await?;
            tracing::info!(decisions = ids.len(), "housekeeping.purged");
        }
        if is_last || engine.stop.is_cancelled() {
            return Ok(());
        }
    }
}
