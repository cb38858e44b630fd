//! The limit that the engine's jobs are measured against: one loop that leases waiting jobs, writes
//! the same rows for a constant answer, and deletes them. It asks nobody, looks at nothing but whose
//! message it is, and works on one set at a time.

mod postgres;
mod sqlite;

use std::time::Duration;

use centrium::config::Config;

use super::rows::{self, Ids};
use crate::Result;
use crate::constant::ANSWER;

/// Jobs that are leased, and finished, in one transaction at most.
const SET: i64 = 256;
/// How long a lease lasts, in milliseconds; nobody lives to see its end.
const LEASE: i64 = 45_000;
/// The pause before the database is asked again, when no job was due.
const LOOK: Duration = Duration::from_millis(20);
/// The name in the leases.
const OWNER: &str = "bare";

/// A job, and whose message it is to answer.
struct Job {
    id: i64,
    of: Ids,
}

/// Works until it is killed.
///
/// # Errors
/// When the database can't be read or written.
pub async fn serve() -> Result<()> {
    let config = Config::load(None).map_err(|e| e.to_string())?;
    let database = config.database_url.as_str();
    match database.strip_prefix("sqlite://") {
        Some(path) => {
            let path = path.to_owned();
            let work = tokio::task::spawn_blocking(move || sqlite::work(&path));
            match work.await.map_err(|e| e.to_string())? {
                Err(error) => Err(error.to_string()),
            }
        }
        None => match postgres::work(database).await {
            Err(error) => Err(error.to_string()),
        },
    }
}

/// The event of an answer.
fn told(job: &Job, answer: i64) -> String {
    rows::added(job.of, answer, "assistant", ANSWER)
}
