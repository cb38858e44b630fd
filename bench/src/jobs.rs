//! Jobs that wait: messages whose callers are gone, each to be answered. The engine beside a loop
//! that does nothing but lease and finish them, in turns, each on a copy of one database.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::database::{self, Database};
use crate::report::{self, Table, median, percent};
use crate::server::{Kind, Server};
use crate::stock::Stock;
use crate::{Result, tell};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// On which database
    #[arg(value_enum)]
    database: database::Kind,
    /// Jobs that wait, each of a ticket of its own
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    tickets: u64,
    /// Rounds, of which the medians are told
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Tell the figures and leave docs/PERFORMANCE.md alone
    #[arg(long)]
    dry: bool,
}

const SERVERS: [Kind; 3] = [Kind::BareJobs, Kind::Constant, Kind::Engine];
/// How long the jobs of a round may take.
const PATIENCE: Duration = Duration::from_secs(50);
/// How often it is looked whether any is left; what a look costs is taken from the server.
const LOOK: Duration = Duration::from_millis(250);

/// The figures of one run.
#[derive(Clone, Copy)]
struct Figures {
    rate: f64,
    memory: f64,
}

/// Runs all of it, and writes the section of docs/PERFORMANCE.md.
///
/// # Errors
/// When a job is not done.
pub async fn run(options: &Options) -> Result<()> {
    let stock = Stock::of(options.database, options.tickets, options.tickets).await?;
    let mut rounds: BTreeMap<&str, Vec<Figures>> = BTreeMap::new();
    for round in 0..options.rounds {
        for kind in SERVERS {
            tell(&format!("round {round}: {kind:?}"));
            let figures = measure(kind, &stock, options.tickets).await?;
            rounds.entry(kind.name()).or_default().push(figures);
        }
    }
    let title = format!("Jobs, {}", options.database.name());
    let intro = format!(
        "Medians of {} runs, the servers taking turns. Each begins with {} tickets whose one message \
         waits for its answer, and ends when none does. A job's end is an answer, a decision, an \
         event and the changed ticket. The bare loop leases and finishes sets with the engine's own \
         statements, and asks nobody; \"of the limit\" is the rate beside it, in the same rounds. \
         Rates are those between the first and the last set of answers.",
        options.rounds, options.tickets
    );
    report::publish(options.dry, &title, &intro, &[tabulate(&rounds)])
}

async fn measure(kind: Kind, stock: &Stock, jobs: u64) -> Result<Figures> {
    let database = Database::copy(stock).await?;
    let server = Server::spawn(kind, &database)?;
    let began = Instant::now();
    while !database.texts("SELECT kind FROM jobs LIMIT 1").await?.is_empty() {
        if began.elapsed() > PATIENCE {
            return Err(format!("{kind:?} has jobs left after {PATIENCE:?}"));
        }
        tokio::time::sleep(LOOK).await;
    }
    let figures = Figures { rate: rate(&database, jobs).await?, memory: server.memory()? };
    server.stop().await;
    database.remove().await?;
    Ok(figures)
}

/// Jobs a second. Every answer says when its set began: what the last set held came after that.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
async fn rate(database: &Database, jobs: u64) -> Result<f64> {
    let select = async |what: &str| {
        database.number(&format!("SELECT CAST({what} AS TEXT) FROM decisions")).await
    };
    let answered = select("count(*)").await?;
    if u64::try_from(answered).ok() != Some(jobs) {
        return Err(format!("{answered} of {jobs} messages were answered"));
    }
    let (first, last) = (select("min(created_at)").await?, select("max(created_at)").await?);
    let before = select(&format!("sum(CASE WHEN created_at < {last} THEN 1 ELSE 0 END)")).await?;
    Ok(before as f64 * 1e3 / (last - first) as f64)
}

fn tabulate(rounds: &BTreeMap<&str, Vec<Figures>>) -> Table {
    let head = ["", "jobs a second", "of the limit", "MB"];
    let mut table = Table::new("Waiting jobs", &head);
    let limits = rounds.get(Kind::BareJobs.name()).map_or(&[][..], Vec::as_slice);
    for (server, figures) in rounds {
        let ratio = median(figures.iter().zip(limits).map(|(its, limit)| its.rate / limit.rate));
        table.row(vec![
            (*server).to_owned(),
            format!("{:.0}", median(figures.iter().map(|f| f.rate))),
            percent(ratio),
            format!("{:.0}", median(figures.iter().map(|f| f.memory))),
        ]);
    }
    table
}
