//! The assistant's turn: a customer's message gets one answer, or one draft, or one canned text.

mod context;
mod outcome;

use std::time::Instant;

use centrium_channels::{Error, Kind, Reply, Retry};

use crate::engine::Engine;
use crate::store::jobs::Job;
use crate::tickets::answer::Decided;
use context::Context;

pub use context::{HISTORY, said};
pub use outcome::write;

/// What the assistant decided about one message, ready to be written.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The job that this finishes.
    pub job_id: i64,
    /// The message's ticket.
    pub ticket_id: i64,
    /// What was decided.
    pub decided: Decided,
}

/// What became of an answer.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The customer's message.
    pub message_id: i64,
    /// What the customer gets; `None` when the answer was only a draft, stale, or made before.
    pub reply: Option<Reply>,
    /// The job that delivers it, leased to this engine.
    pub delivery: Option<Job>,
}

/// Runs a set of turns: what they need is read together, the assistant is asked for each on its
/// own, and a slow one holds up nobody.
///
/// # Errors
/// When what they need can't be read; the jobs are then tried again.
pub async fn run(engine: &Engine, jobs: Vec<Job>) -> Result<(), Error> {
    let contexts = context::load(engine, &jobs).await?;
    for (job, context) in jobs.into_iter().zip(contexts) {
        let context = match context {
            Ok(context) => context,
            Err(error) => {
                super::worker::fail(engine, &job, &error).await;
                continue;
            }
        };
        let its = engine.clone();
        super::worker::begin(engine, vec![job], async move { answer(&its, context).await });
    }
    Ok(())
}

async fn answer(engine: &Engine, context: Context) -> Result<(), Error> {
    let began = Instant::now();
    let limit = engine.config.ai_timeout_seconds;
    let (assistant, turn) = (engine.assistant.clone(), context.turn.clone());
    // A task of its own, so that a panic there ends as a failed turn here.
    let mut thinking = tokio::spawn(async move { assistant.answer(&turn).await });
    let verdict = match tokio::time::timeout(limit, &mut thinking).await {
        Ok(Ok(Ok(verdict))) => Some(verdict),
        Ok(Ok(Err(error))) => {
            tracing::warn!(message.id = context.message_id, %error, "assistant.failed");
            None
        }
        Ok(Err(_)) => {
            tracing::error!(message.id = context.message_id, "assistant.panicked");
            None
        }
        Err(_) => {
            thinking.abort();
            tracing::warn!(message.id = context.message_id, "assistant.too_slow");
            None
        }
    };
    crate::telemetry::record_assistant(engine.assistant.name(), began.elapsed());
    let decided = Decided {
        message_id: context.message_id,
        is_awaited: context.is_awaited,
        assistant: engine.assistant.name(),
        language: verdict.as_ref().map_or(context.language, |v| v.language),
        verdict,
        took: began.elapsed(),
    };
    let answer = Answer { job_id: context.job.id, ticket_id: context.ticket_id, decided };
    engine.writer.answer(answer).await?;
    Ok(())
}

/// The job's subject is gone, and won't come back.
fn missing(what: &str) -> Error {
    let error = Error::new(Kind::Internal, format!("{what} of this job does not exist."));
    Error { retry: Retry::Never, ..error }
}
