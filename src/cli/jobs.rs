//! `centrium jobs`: the work that waits, and what failed for good.

use clap::Subcommand;

use super::say;
use crate::app::AppError;
use crate::clock::{Clock, rfc3339};
use crate::config::Config;
use crate::store::jobs::Job;
use crate::store::names::JobState;
use crate::store::{Store, jobs};

/// Jobs that are listed at most.
const SHOWN: i64 = 1_000;

/// What to do with jobs.
#[derive(Debug, Subcommand)]
pub(super) enum Jobs {
    /// List jobs, oldest first: those that failed for good, or all
    #[command(after_help = "Example:\n  centrium jobs list --all")]
    List {
        /// Also those that wait or run
        #[arg(long)]
        all: bool,
    },
    /// Try failed jobs again: one by its number, or all
    #[command(after_help = "Example:\n  centrium jobs retry 17\n  centrium jobs retry")]
    Retry {
        /// The job's number
        id: Option<i64>,
    },
}

pub(super) async fn run(command: Jobs, config: Config) -> Result<(), AppError> {
    let cannot = |e| AppError::new("Can't read the jobs", e);
    let store = Store::open(config.database_url.as_str()).await.map_err(cannot)?;
    store.migrate().await.map_err(cannot)?;
    match command {
        Jobs::List { all } => {
            let state = (!all).then_some(JobState::Buried);
            let conn = store.read().await.map_err(cannot)?;
            let found = jobs::list(&conn, state, SHOWN).await.map_err(cannot)?;
            if found.is_empty() {
                say(if all { "No jobs." } else { "No failed jobs." });
            }
            found.iter().map(describe).for_each(say);
        }
        Jobs::Retry { id } => {
            let now = Clock::default().now();
            let tx = store.begin().await.map_err(cannot)?;
            let count = jobs::retry(&tx, id, now).await.map_err(cannot)?;
            tx.commit().await.map_err(cannot)?;
            if let (Some(id), 0) = (id, count) {
                return Err(AppError(format!("Job {id} is not a failed job.")));
            }
            say(format!("{count} jobs will be tried again."));
        }
    }
    Ok(())
}

fn describe(job: &Job) -> String {
    format!(
        "{} {} of {} {} tries {} since {}{}",
        job.id,
        job.kind,
        job.subject_id,
        job.state,
        job.attempts,
        rfc3339(job.created_at),
        job.last_error.as_ref().map_or_else(String::new, |error| format!(": {error}"))
    )
}
