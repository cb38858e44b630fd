//! What is due by the clock: silent tickets close, old rows go, the search index follows.

use std::time::{Duration, Instant};

use super::purge;
use crate::clock::HOUR;
use crate::engine::Engine;
use crate::knowledge;
use crate::store::search::Indexed;
use crate::store::tickets::Ticket;
use crate::store::{Changes, Result, jobs, search, statistics, tickets};
use crate::telemetry::metrics as names;
use crate::tickets::{Status, life};

/// Tickets that are closed in one transaction: few enough that the messages which come in meanwhile
/// hardly wait for it.
const SET: i64 = 128;
/// Tickets that are put into the index in one transaction, which takes longer for each.
const INDEXED: i64 = 32;
/// How much longer than it worked the search index rests under load.
const RESTS: u32 = 9;
/// The longest such rest.
const REST: Duration = Duration::from_secs(1);

/// Starts the loops; they end when the engine stops.
///
/// # Errors
/// When there can be no more threads.
pub fn start(engine: &Engine) -> Result<()> {
    let (its, running) = (engine.clone(), engine.tracker.token());
    engine.store.spawn("housekeeping", async move {
        tokio::join!(
            every(&its, Duration::from_millis(500), Task::Index),
            every(&its, Duration::from_secs(2), Task::Watch),
            every(&its, Duration::from_secs(60), Task::TidyUp),
            follow_growth(&its),
        );
        drop(running);
    })
}

#[derive(Clone, Copy)]
enum Task {
    Index,
    Watch,
    TidyUp,
}

async fn every(engine: &Engine, pause: Duration, task: Task) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = engine.stop.cancelled() => return,
        }
        let done = match task {
            Task::Index => index(engine).await,
            Task::Watch => watch(engine).await,
            Task::TidyUp => tidy_up(engine).await,
        };
        if let Err(error) = done {
            tracing::warn!(%error, "housekeeping.failed");
        }
    }
}

/// Puts changed tickets and contacts into the search index, until none is left. While messages wait
/// to be written, it rests for most of the time: they come first, and a ticket that is written to
/// often is then read once for many messages.
///
/// # Errors
/// As every statement.
pub async fn index(engine: &Engine) -> Result<()> {
    loop {
        let began = Instant::now();
        let done = search::index_some(&engine.store, INDEXED).await?;
        if done == Indexed::default() || engine.stop.is_cancelled() {
            return Ok(());
        }
        let is_busy = engine.writer.is_busy();
        let rest = if is_busy { (began.elapsed() * RESTS).min(REST) } else { Duration::ZERO };
        // The other loops share this thread.
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = engine.stop.cancelled() => return Ok(()),
        }
    }
}

/// Lets PostgreSQL's planner know how large the tables are, while they are young.
async fn follow_growth(engine: &Engine) {
    let mut known = 8;
    let mut pause = Duration::from_millis(250);
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = engine.stop.cancelled() => return,
        }
        match statistics::follow_growth(&engine.store, &mut known).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::debug!(%error, "housekeeping.statistics");
                pause = Duration::from_secs(60);
            }
        }
    }
}

/// Follows a change of keys and of articles, and counts jobs for `/metrics`.
async fn watch(engine: &Engine) -> Result<()> {
    engine.access.reload();
    knowledge::follow(&engine.live, &engine.store).await?;
    let now = engine.clock.now();
    for (state, count, oldest) in jobs::census(&*engine.store.read().await?).await? {
        let age = oldest.map_or(0, |oldest| (now - oldest).max(0) / 1_000);
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        let (count, age) = (count as f64, age as f64);
        metrics::gauge!(names::JOBS, "state" => state.as_str()).set(count);
        metrics::gauge!(names::JOBS_OLDEST_SECONDS, "state" => state.as_str()).set(age);
    }
    crate::telemetry::metrics().run_upkeep();
    Ok(())
}

/// Closes silent tickets and deletes what is too old.
///
/// # Errors
/// As every statement.
pub async fn tidy_up(engine: &Engine) -> Result<()> {
    engine.turns.sweep();
    engine.access.sweep();
    close_silent(engine).await?;
    purge::purge(engine).await
}

/// Closes tickets that only the assistant answered, after `AUTO_CLOSE_HOURS` of silence.
async fn close_silent(engine: &Engine) -> Result<()> {
    let silence = i64::from(engine.config.auto_close_hours) * HOUR;
    if silence == 0 {
        return Ok(());
    }
    loop {
        let since = engine.clock.now() - silence;
        let ids = tickets::silent(&*engine.store.read().await?, since, SET).await?;
        let tx = engine.store.begin().await?;
        let mut changes = Changes::default();
        for mut ticket in tickets::lock(&tx, &ids).await? {
            if still_silent(&ticket, since) {
                let now = engine.clock.now();
                life::set_status(&mut ticket, Status::Closed, &mut changes.events, now);
                ticket.is_auto_solved = true;
                changes.tickets.insert(ticket.id, ticket);
            }
        }
        let closed = changes.tickets.len();
        changes.write(&tx).await?;
        tx.commit().await?;
        if closed > 0 {
            tracing::info!(tickets = closed, "tickets.closed_by_silence");
        }
        if ids.len() < usize::try_from(SET).unwrap_or(0) || engine.stop.is_cancelled() {
            return Ok(());
        }
    }
}

/// A customer may have written between the look and the lock.
fn still_silent(ticket: &Ticket, since: i64) -> bool {
    let untouched = ticket.updated_at < since && ticket.operator.is_none();
    untouched && ticket.status != Status::Closed && ticket.escalated_at.is_none()
}
