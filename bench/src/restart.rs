//! How long an engine is gone when it is started again: from the start of its process to its first
//! answers, with a full database and work that waits.

use std::time::{Duration, Instant};

use crate::asker::{Answer, Asker};
use crate::database::{self, Database};
use crate::report::{self, Table, median, met};
use crate::server::{Kind, Server};
use crate::stock::{self, Stock};
use crate::{Result, tell};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// On which database
    #[arg(value_enum)]
    database: database::Kind,
    /// Tickets in the full database
    #[arg(long, default_value_t = 1_000_000)]
    tickets: u64,
    /// Jobs that wait there. Each start does some; how many the last one finds is told
    #[arg(long, default_value_t = 150_000)]
    jobs: u64,
    /// Starts of each kind, of which the medians are told
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Tell the figures and leave docs/PERFORMANCE.md alone
    #[arg(long)]
    dry: bool,
}

/// Milliseconds to the first answer.
const GOAL: f64 = 500.0;
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause between two tries to be answered.
const PAUSE: Duration = Duration::from_millis(1);
/// The seed of the tickets that wait, beside that of the others.
const SEED_OF_JOBS: u64 = 2;

/// How the server before it ended.
#[derive(Clone, Copy, Debug)]
enum After {
    Stop,
    Kill,
}

/// One start, in milliseconds.
struct Start {
    health: f64,
    reply: f64,
    /// Jobs that waited when it had answered.
    jobs: i64,
}

/// Runs all of it, and writes the section of docs/PERFORMANCE.md.
///
/// # Errors
/// When a server does not start or answers wrongly.
pub async fn run(options: &Options) -> Result<()> {
    let kind = options.database;
    let empty = Database::create(kind).await?;
    let full = Database::copy(&Stock::of(kind, options.tickets, 0).await?).await?;
    stock::fill(&full.url, options.jobs, options.jobs, SEED_OF_JOBS).await?;

    let mut table = Table::new(
        "Start to first answer",
        &["database", "after", "/healthz ms", "reply ms", "slowest ms", "jobs", "goal ms", "met"],
    );
    let full_name = format!("{} tickets", options.tickets + options.jobs);
    for (name, database) in [("empty".to_owned(), &empty), (full_name, &full)] {
        for after in [After::Stop, After::Kill] {
            // It only ends as the first of the others is to find it.
            start(database, after).await?;
            let mut starts = Vec::new();
            for round in 0..options.rounds {
                tell(&format!("{name}, after a {after:?}, round {round}").to_lowercase());
                starts.push(start(database, after).await?);
            }
            table.row(cells(&name, after, &starts));
        }
    }
    empty.remove().await?;
    full.remove().await?;

    let title = format!("Restart, {}", kind.name());
    let intro = format!(
        "Milliseconds from the start of the process until /healthz answers 200, and until a message \
         of the external API is answered with its reply; both are asked for all the time. Medians \
         of {} starts after the one before was stopped (SIGTERM), and as many after it was killed \
         (SIGKILL); \"slowest\" is the slowest reply. \"jobs\" are those that still waited, all of \
         them due, when the last of them had answered.",
        options.rounds
    );
    report::publish(options.dry, &title, &intro, &[table])
}

/// Starts a server and ends it in a way that the next start will be after.
async fn start(database: &Database, after: After) -> Result<Start> {
    let began = Instant::now();
    let server = Server::spawn(Kind::Engine, database)?;
    let (mut health, mut sender) = (Asker::new(&server.base), Asker::new(&server.base));
    let (health, reply) = tokio::try_join!(
        until(began, async || health.get("/healthz").await, |answer| answer.status == 200),
        until(began, async || sender.say("restart", "Не работает интернет").await, is_reply),
    )?;
    let jobs = database.number("SELECT CAST(count(*) AS TEXT) FROM jobs").await?;
    match after {
        After::Stop => server.terminate().await?,
        After::Kill => server.stop().await,
    }
    Ok(Start { health, reply, jobs })
}

/// Asks until the answer is as wanted, and says how many milliseconds after `began` that was.
async fn until(
    began: Instant,
    mut ask: impl AsyncFnMut() -> std::io::Result<Answer>,
    is_wanted: impl Fn(&Answer) -> bool,
) -> Result<f64> {
    while began.elapsed() < PATIENCE {
        if ask().await.is_ok_and(|answer| is_wanted(&answer)) {
            return Ok(began.elapsed().as_secs_f64() * 1e3);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(format!("no answer within {PATIENCE:?}"))
}

fn is_reply(answer: &Answer) -> bool {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    answer.status == 200 && body["reply"].as_str().is_some_and(|reply| !reply.is_empty())
}

fn cells(name: &str, after: After, starts: &[Start]) -> Vec<String> {
    let reply = median(starts.iter().map(|start| start.reply));
    let health = median(starts.iter().map(|start| start.health));
    let slowest = starts.iter().map(|start| start.reply).fold(0.0, f64::max);
    vec![
        name.to_owned(),
        format!("{after:?}").to_lowercase(),
        format!("{health:.0}"),
        format!("{reply:.0}"),
        format!("{slowest:.0}"),
        starts.last().map_or(0, |start| start.jobs).to_string(),
        format!("≤ {GOAL:.0}"),
        met(reply <= GOAL && health <= GOAL),
    ]
}
