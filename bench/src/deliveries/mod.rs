//! Deliveries to webhooks: the engine beside a bare loop, in turns, each on a database of its own.
//! The other system is this process, which takes everything at once.

pub mod bare;
mod published;
pub mod receiver;
mod waiting;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::database::{self, Database};
use crate::report::{self, Table, median, met, percent};
use crate::server::{Kind, Server};
use crate::{Result, tell};
use receiver::Receiver;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// On which database
    #[arg(value_enum)]
    database: database::Kind,
    /// Webhooks that want everything
    #[arg(long, default_value_t = 8)]
    webhooks: u64,
    /// Deliveries of a run
    #[arg(long, default_value_t = 80_000, value_parser = clap::value_parser!(u64).range(8_000..))]
    deliveries: u64,
    /// Rounds, of which the medians are told
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Tell the figures and leave docs/PERFORMANCE.md alone
    #[arg(long)]
    dry: bool,
}

/// What is measured in each round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Run {
    /// Deliveries that wait, and a loop that does nothing but make them.
    Bare,
    /// The same, and the engine.
    Waiting,
    /// Events that come in over HTTP, for all webhooks.
    Published,
    /// The same for one webhook: each delivery has an event of its own.
    PublishedToOne,
}

const RUNS: [Run; 4] = [Run::Bare, Run::Waiting, Run::Published, Run::PublishedToOne];
/// How long the deliveries of a run may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether any is left; what a look costs is taken from the server.
const LOOK: Duration = Duration::from_millis(250);
/// Svix took 1,600 µs for a delivery, with its database, on a machine like this one: a fifteenth.
const CPU_GOAL: f64 = 107.0;

/// The figures of one run.
#[derive(Clone, Copy)]
struct Figures {
    rate: f64,
    /// Microseconds for a delivery, the database's own processes included.
    cpu: f64,
    memory: f64,
}

impl Run {
    fn name(self, webhooks: u64) -> String {
        match self {
            Self::Bare => Kind::BareDeliveries.name().to_owned(),
            Self::Waiting => "engine, deliveries that wait".to_owned(),
            Self::Published => format!("engine, events published to {webhooks} webhooks"),
            Self::PublishedToOne => "engine, events published to 1 webhook".to_owned(),
        }
    }
}

/// Runs all of it, and writes the section of docs/PERFORMANCE.md.
///
/// # Errors
/// When a delivery is not made.
pub async fn run(options: &Options) -> Result<()> {
    let mut rounds: BTreeMap<Run, Vec<Figures>> = BTreeMap::new();
    for round in 0..options.rounds {
        for run in RUNS {
            let figures = measure(options, run).await?;
            let (rate, cpu) = (figures.rate, figures.cpu);
            tell(&format!("round {round}, {run:?}: {rate:.0} a second, {cpu:.1} µs each"));
            rounds.entry(run).or_default().push(figures);
        }
    }
    let title = format!("Deliveries, {}", options.database.name());
    let intro = format!(
        "Medians of {} runs, in turns, each on an empty database: {} deliveries to {} webhooks of kind \
         `*` at one receiver, which answers 200 at once and shares the machine. Either they wait, and \
         the server starts: its CPU is then all since its start, with reading the events in the log, \
         writing their bodies, signing, posting, and the row of each. Or {} callers publish the events \
         with `POST /api/events`, and writing them into the log with their deliveries counts as well. \
         The bare loop has as many requests at once as the engine has for all its webhooks ({}, up to \
         64), sends what is stored, signs it in both ways and updates the same rows in sets of {}; it \
         leases nothing, and knows no address that fails. Rates are those between the first and the \
         last set of outcomes, \"of the limit\" is the rate beside the bare loop's in the same rounds. \
         CPU is the server's, on PostgreSQL with the database's; its goal is a fifteenth of what Svix \
         took with its database, 1,600 µs.",
        options.rounds,
        options.deliveries,
        options.webhooks,
        published::CALLERS,
        bare::in_flight(options.webhooks),
        bare::SET,
    );
    report::publish(options.dry, &title, &intro, &[tabulate(options, &rounds)])
}

async fn measure(options: &Options, run: Run) -> Result<Figures> {
    let database = Database::create(options.database).await?;
    let receiver = Receiver::start().await?;
    let webhooks = if run == Run::PublishedToOne { 1 } else { options.webhooks };
    let events = options.deliveries / options.webhooks;
    let deliveries = events * webhooks;
    waiting::webhooks(&database, &receiver.url, webhooks).await?;
    let (server, before) = match run {
        Run::Bare | Run::Waiting => {
            waiting::deliveries(&database, options.database, events).await?;
            let kind = if run == Run::Bare { Kind::BareDeliveries } else { Kind::Engine };
            (Server::spawn(kind, &database)?, 0.0)
        }
        Run::Published | Run::PublishedToOne => {
            let server = Server::start(Kind::Engine, &database).await?;
            let before = server.cpu()? + database.cpu().await?;
            published::publish(&server.base, events).await?;
            (server, before)
        }
    };
    until_all_are_made(&database).await?;
    let cpu = server.cpu()? + database.cpu().await? - before;
    let rate = rate(&database, deliveries).await?;
    let memory = server.memory()?;
    server.stop().await;
    database.remove().await?;
    let taken = receiver.taken();
    if taken != deliveries {
        return Err(format!("{run:?}: {taken} of {deliveries} deliveries were taken"));
    }
    #[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
    let cpu = cpu * 1e6 / deliveries as f64;
    Ok(Figures { rate, cpu, memory })
}

async fn until_all_are_made(database: &Database) -> Result<()> {
    let began = Instant::now();
    let left = "SELECT status FROM webhook_deliveries WHERE status = 'pending' LIMIT 1";
    while !database.texts(left).await?.is_empty() {
        if began.elapsed() > PATIENCE {
            return Err(format!("deliveries are left after {PATIENCE:?}"));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Deliveries a second. Each says when its set was written: what the last set held came after that.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
async fn rate(database: &Database, deliveries: u64) -> Result<f64> {
    let select = async |what: &str| {
        let sql =
            format!("SELECT CAST({what} AS TEXT) FROM webhook_deliveries WHERE status = 'success'");
        database.number(&sql).await
    };
    let made = select("count(*)").await?;
    if u64::try_from(made).ok() != Some(deliveries) {
        return Err(format!("{made} of {deliveries} deliveries were made"));
    }
    let (first, last) = (select("min(delivered_at)").await?, select("max(delivered_at)").await?);
    let before = select(&format!("sum(CASE WHEN delivered_at < {last} THEN 1 ELSE 0 END)")).await?;
    Ok(before as f64 * 1e3 / (last - first) as f64)
}

fn tabulate(options: &Options, rounds: &BTreeMap<Run, Vec<Figures>>) -> Table {
    let head = ["", "deliveries a second", "of the limit", "goal", "met"];
    let more = ["CPU µs a delivery", "goal", "met", "MB"];
    let mut table = Table::new("Making deliveries", &[head.as_slice(), &more].concat());
    let limits = rounds.get(&Run::Bare).map_or(&[][..], Vec::as_slice);
    for (run, figures) in rounds {
        let share = median(figures.iter().zip(limits).map(|(its, limit)| its.rate / limit.rate));
        let cpu = median(figures.iter().map(|its| its.cpu));
        let [share_goal, share_met] = match run {
            Run::Waiting => ["≥ 60 %".to_owned(), met(share >= 0.6)],
            Run::Bare | Run::Published | Run::PublishedToOne => Default::default(),
        };
        let [cpu_goal, cpu_met] = match run {
            Run::Bare => Default::default(),
            _ => [format!("≤ {CPU_GOAL:.0}"), met(cpu <= CPU_GOAL)],
        };
        table.row(vec![
            run.name(options.webhooks),
            format!("{:.0}", median(figures.iter().map(|its| its.rate))),
            percent(share),
            share_goal,
            share_met,
            format!("{cpu:.1}"),
            cpu_goal,
            cpu_met,
            format!("{:.0}", median(figures.iter().map(|its| its.memory))),
        ]);
    }
    table
}
