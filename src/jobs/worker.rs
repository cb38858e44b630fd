//! Runs jobs: those leased to this engine at once, and those that are due in the database.

use std::time::Duration;

use centrium_channels::{Error, Kind, Retry};

use super::{LEASE, TRIES, answer_ticket, backoff, deliver_reply};
use crate::engine::Engine;
use crate::store::jobs::Job;
use crate::store::names::JobKind;
use crate::store::{self, jobs, messages};
use crate::tickets::DeliveryState;

/// Jobs that are begun together.
const SET: usize = 64;
/// How often the database is asked for jobs that are due.
const LOOK: Duration = Duration::from_millis(500);
/// The pause before a job is tried again while the database can't be written.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);
/// The pause before a switched-off channel is looked at again.
const CHANNEL_PAUSE: Duration = Duration::from_secs(10);
/// The shortest pause that a channel's server may ask for.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// Gives back what an earlier life of this engine held, and starts the two loops. They end when
/// the engine stops.
///
/// # Errors
/// When the database can't be written.
pub async fn start(engine: &Engine) -> store::Result<()> {
    let found = recover(engine).await?;
    if found > 0 {
        tracing::info!(jobs = found, "jobs.recovered");
    }
    engine.tracker.spawn(claim(engine.clone()));
    engine.tracker.spawn(work(engine.clone()));
    Ok(())
}

/// Gives back what the earlier lives of this engine held when they ended without a word. The lock
/// of the data folder tells that none of them runs.
///
/// # Errors
/// When the database can't be written.
pub async fn recover(engine: &Engine) -> store::Result<usize> {
    let tx = engine.store.begin().await?;
    let mut found = 0;
    for owner in jobs::owners(&tx, &engine.folder).await? {
        found += jobs::give_back_all(&tx, &owner, engine.clock.now()).await?;
    }
    tx.commit().await?;
    Ok(found)
}

/// Leases due jobs, as many as this engine has room for.
async fn claim(engine: Engine) {
    loop {
        give_back_refused(&engine).await;
        let room = engine.local.free().min(SET);
        let claimed = if room > 0 { claim_some(&engine, room).await } else { Ok(0) };
        let more = match claimed {
            Ok(claimed) => claimed == room && room > 0,
            Err(error) => {
                tracing::warn!(%error, "jobs.claim_failed");
                false
            }
        };
        if engine.stop.is_cancelled() {
            return;
        }
        if !more {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = engine.stop.cancelled() => return,
            }
        }
    }
}

async fn claim_some(engine: &Engine, room: usize) -> store::Result<usize> {
    let now = engine.clock.now();
    // Looking is free for the writers' queue; taking is not.
    if !jobs::any_due(&*engine.store.read().await?, now).await? {
        return Ok(0);
    }
    let tx = engine.store.begin().await?;
    let room = i64::try_from(room).unwrap_or(i64::MAX);
    let claimed = jobs::claim(&tx, &engine.node, now, now + LEASE, room).await?;
    tx.commit().await?;
    let count = claimed.len();
    for job in claimed {
        if job.attempts > TRIES {
            // Every try ended without a word: it took its engine down, or outlived its lease.
            let error = Error::new(Kind::Internal, "It was begun too often without ending.");
            fail(engine, &job, &error).await;
        } else {
            engine.local.push(job);
        }
    }
    Ok(count)
}

/// Gives back what found no room in this engine's queue: another engine may have some.
async fn give_back_refused(engine: &Engine) {
    let refused = engine.local.refused();
    if refused.is_empty() {
        return;
    }
    let given = async {
        let (now, tx) = (engine.clock.now(), engine.store.begin().await?);
        for job in &refused {
            jobs::postpone(&tx, &engine.node, job.id, now).await?;
        }
        tx.commit().await
    };
    match given.await {
        Ok(()) => tracing::debug!(jobs = refused.len(), "jobs.queue_full"),
        // The leases run out by themselves.
        Err(error) => tracing::warn!(%error, "jobs.not_given_back"),
    }
}

/// Begins jobs in sets, each kind together.
async fn work(engine: Engine) {
    loop {
        let taken = tokio::select! {
            taken = engine.local.take(SET) => taken,
            () = engine.stop.cancelled() => return,
        };
        let mut answers = Vec::new();
        let mut deliveries = Vec::new();
        for job in taken {
            match job.kind {
                JobKind::AnswerTicket => answers.push(job),
                JobKind::DeliverReply => deliveries.push(job),
            }
        }
        if !answers.is_empty() {
            let (its, jobs) = (engine.clone(), answers.clone());
            begin(&engine, answers, async move { answer_ticket::run(&its, jobs).await });
        }
        for job in deliveries {
            let (its, jobs) = (engine.clone(), vec![job.clone()]);
            begin(&engine, jobs, async move { deliver_reply::run(&its, &job).await });
        }
    }
}

/// Runs `work` on these jobs. Where it fails they come again, also when it panics: their leases
/// would else stand until they run out.
pub(super) fn begin(
    engine: &Engine,
    jobs: Vec<Job>,
    work: impl Future<Output = Result<(), Error>> + Send + 'static,
) {
    let engine = engine.clone();
    engine.tracker.clone().spawn(async move {
        let ended = tokio::spawn(work).await;
        let panicked = |_| Err(Error::new(Kind::Internal, "The job ended in a defect of ours."));
        if let Err(error) = ended.unwrap_or_else(panicked) {
            for job in &jobs {
                again(&engine, job, &error).await;
            }
        }
    });
}

/// A try failed: the job comes again after a pause, or is buried where people see it.
pub(super) async fn again(engine: &Engine, job: &Job, error: &Error) {
    let now = engine.clock.now();
    // While the database can't be written, nothing can be noted there either: try again here, for
    // as long as the lease is ours.
    if error.kind == Kind::Unavailable && now < job.run_at {
        let (engine, job) = (engine.clone(), job.clone());
        engine.tracker.clone().spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(DATABASE_PAUSE) => engine.local.push(job),
                () = engine.stop.cancelled() => {}
            }
        });
        return;
    }
    fail(engine, job, error).await;
}

/// Notes that a try failed for a reason that is not the database's.
pub(super) async fn fail(engine: &Engine, job: &Job, error: &Error) {
    if let Err(unwritten) = note_failure(engine, job, error).await {
        // The lease runs out by itself.
        tracing::warn!(job.id = job.id, error = %unwritten, "job.failure_not_noted");
    }
}

/// How long a job waits that was not really tried: its channel is off, or its channel's server
/// says when it may come.
fn no_try(error: &Error) -> Option<Duration> {
    match (error.kind, error.retry) {
        (Kind::ChannelOff, _) => Some(CHANNEL_PAUSE),
        (Kind::TooMany, Retry::After(pause)) => Some(pause.max(SHORTEST_PAUSE)),
        _ => None,
    }
}

/// Whether a job that failed like this has been tried often enough.
pub(super) fn is_last_try(job: &Job, error: &Error) -> bool {
    no_try(error).is_none() && job.attempts >= TRIES
}

async fn note_failure(engine: &Engine, job: &Job, error: &Error) -> store::Result<()> {
    let tx = engine.store.begin().await?;
    if jobs::still_held(&tx, &engine.node, &[job.id]).await?.is_empty() {
        return Ok(());
    }
    let now = engine.clock.now();
    if let Some(pause) = no_try(error) {
        let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        jobs::postpone(&tx, &engine.node, job.id, now.saturating_add(pause)).await?;
    } else if error.retry == Retry::Never || is_last_try(job, error) {
        jobs::bury(&tx, &engine.node, job.id, &error.sentence).await?;
        if job.kind == JobKind::DeliverReply {
            let (state, sentence) = (DeliveryState::Failed, Some(error.sentence.as_str()));
            messages::set_delivery(&tx, job.subject_id, state, sentence, None).await?;
        }
        tracing::error!(job.id = job.id, job.kind = job.kind.as_str(), %error, "job.buried");
    } else {
        let pause = match error.retry {
            Retry::After(pause) => i64::try_from(pause.as_millis()).unwrap_or(i64::MAX),
            Retry::Later | Retry::Never => backoff(job.attempts),
        };
        let at = now.saturating_add(pause);
        jobs::give_back(&tx, &engine.node, &[job.id], at, Some(&error.sentence)).await?;
        tracing::warn!(job.id = job.id, job.kind = job.kind.as_str(), %error, "job.failed");
    }
    tx.commit().await
}

/// Gives back what this engine holds and has not finished, so that it is taken up at once by
/// another engine, or by this one's next life.
///
/// # Errors
/// When the database can't be written; the leases then run out by themselves.
pub async fn give_back(engine: &Engine) -> store::Result<usize> {
    let tx = engine.store.begin().await?;
    let given = jobs::give_back_all(&tx, &engine.node, engine.clock.now()).await?;
    tx.commit().await?;
    Ok(given)
}
