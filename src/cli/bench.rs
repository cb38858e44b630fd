//! `centrium bench`: data to measure with.

use centrium_channels::{Attachment, Content};
use clap::Subcommand;

use super::{bar, say};
use crate::app::AppError;
use crate::clock::Clock;
use crate::config::Config;
use crate::files::{Files, Kept};
use crate::seed::{self, Plan};
use crate::store::{self, Store};

/// What to do for measurements.
#[derive(Debug, Subcommand)]
pub(super) enum Bench {
    /// Add tickets that look like two years of a company's work, and put them into the index
    #[command(after_help = "Example:\n  centrium bench seed --tickets 100000 --seed 1")]
    Seed {
        /// How many tickets
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
        tickets: u64,
        /// The same number gives the same data; another one may be added to the same database
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=900))]
        seed: u64,
        /// How many of them, the newest, wait for the assistant's answer: each has a job that is due
        #[arg(long, default_value_t = 0)]
        jobs: u64,
    },
}

pub(super) async fn run(command: Bench, config: Config) -> Result<(), AppError> {
    let Bench::Seed { tickets, seed, jobs } = command;
    if jobs > tickets {
        return Err(AppError("--jobs can't be more than --tickets.".to_owned()));
    }
    let cannot = |e| match e {
        store::Error::Contended(_) => AppError(format!(
            "The database holds the data of seed {seed} already. Name another one with --seed."
        )),
        e => AppError::new("Can't fill the database", e),
    };
    let store = Store::open(config.database_url.as_str()).await.map_err(cannot)?;
    store.migrate().await.map_err(cannot)?;
    let (now, file) = (Clock::default().now(), file(&config).await?);
    let plan = Plan { tickets, jobs, seed, now, file };

    let written = bar("tickets", tickets);
    seed::fill(&store, &plan, |done| written.set_position(done)).await.map_err(cannot)?;
    written.finish();
    let indexed = bar("in the index", tickets);
    seed::index(&store, |more| indexed.inc(more)).await.map_err(cannot)?;
    indexed.finish();
    say(format!("{tickets} tickets were added."));
    Ok(())
}

/// The one file that messages come with.
async fn file(config: &Config) -> Result<Kept, AppError> {
    let cannot = "Can't keep attachments (ATTACHMENTS_URL)";
    let files =
        Files::open(config.attachments_url.as_str()).map_err(|e| AppError::new(cannot, e))?;
    let attachment = Attachment {
        name: "contract.txt".to_owned(),
        content: Content::File("text/plain".to_owned()),
        bytes: b"What was agreed, in a few words.".to_vec().into(),
    };
    files.keep(attachment).await.map_err(|e| AppError::new(cannot, e))
}
