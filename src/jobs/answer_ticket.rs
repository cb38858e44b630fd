//! The assistant's turn: a customer's message gets one answer, or one draft, or one canned text.

mod context;
mod outcome;

use std::time::{Duration, Instant};

use centrium_channels::{Error, Kind, Reply, Retry};
use tokio::time::timeout;

use crate::assistant::{Picture, Turn, Verdict};
use crate::engine::Engine;
use crate::store::attachments::Attachment;
use crate::store::jobs::Job;
use crate::tickets::answer::Decided;
use context::{Before, Context};

pub use context::{HISTORY, said};
pub use outcome::write;

/// How long reading the images may take, beside the assistant's own time.
const PICTURES_WITHIN: Duration = Duration::from_secs(2);
/// Images of what is answered that the assistant is shown, and bytes of each.
const MOST_PICTURES: usize = 4;
const LARGEST_PICTURE: usize = 5 * 1024 * 1024;

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
    let verdict = match context.before {
        Before::Fine => think(engine, &context).await,
        Before::Overtaken | Before::TooMany => None,
    };
    let decided = Decided {
        message_id: context.message_id,
        is_awaited: context.is_awaited,
        assistant: engine.assistant.name(),
        language: verdict.as_ref().map_or(context.language, |v| v.language),
        verdict,
        is_too_many: context.before == Before::TooMany,
        took: began.elapsed(),
    };
    let answer = Answer { job_id: context.job.id, ticket_id: context.ticket_id, decided };
    engine.writer.answer(answer).await?;
    Ok(())
}

/// Asks the assistant, within its time. Where it fails, what it would fall back on is marked so.
async fn think(engine: &Engine, context: &Context) -> Option<Verdict> {
    let began = Instant::now();
    let (assistant, mut turn) = (engine.assistant.clone(), context.turn.clone());
    if assistant.sees_pictures() {
        let reading = pictures(engine, &context.images);
        turn.pictures = timeout(PICTURES_WITHIN, reading).await.unwrap_or_else(|_| {
            tracing::warn!(message.id = context.message_id, "assistant.pictures_too_slow");
            Vec::new()
        });
    }
    // A task of its own, so that a panic there ends as a failed turn here.
    let mut thinking = tokio::spawn(async move { assistant.answer(&turn).await });
    let limit = engine.config.ai_timeout_seconds;
    let verdict = match timeout(limit, &mut thinking).await {
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
    match verdict {
        Some(verdict) => Some(verdict),
        None => fall_back(engine, context.turn.clone()).await,
    }
}

async fn fall_back(engine: &Engine, turn: Turn) -> Option<Verdict> {
    let assistant = engine.assistant.clone();
    let found = tokio::spawn(async move { assistant.fall_back(&turn) });
    found.await.ok().flatten()
}

/// The images as they may be displayed. One that can't be read is not looked at.
async fn pictures(engine: &Engine, images: &[Attachment]) -> Vec<Picture> {
    let mut pictures = Vec::new();
    for image in images.iter().take(MOST_PICTURES) {
        let (Some(key), Some(content_type)) = (&image.display_key, &image.display_type) else {
            continue;
        };
        match engine.files.fetch(key).await {
            Ok(bytes) if bytes.len() <= LARGEST_PICTURE => {
                pictures.push(Picture { content_type: content_type.clone(), bytes });
            }
            Ok(_) => tracing::info!(attachment.id = image.id, "assistant.picture_too_large"),
            Err(error) => tracing::warn!(attachment.id = image.id, %error, "assistant.no_picture"),
        }
    }
    pictures
}

/// The job's subject is gone, and won't come back.
fn missing(what: &str) -> Error {
    let error = Error::new(Kind::Internal, format!("{what} of this job does not exist."));
    Error { retry: Retry::Never, ..error }
}
