//! What an engine holds with a full database: idle, under full load, and some time after it.

use std::time::{Duration, Instant};

use crate::database::{self, Database};
use crate::report::{self, Table, median, met};
use crate::server::{Kind, Server};
use crate::stock::Stock;
use crate::{Result, load, tell};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// On which database
    #[arg(value_enum)]
    database: database::Kind,
    /// Tickets in it
    #[arg(long, default_value_t = 1_000_000)]
    tickets: u64,
    /// Connections that send messages; a quarter as many read lists, searches and pages
    #[arg(long, default_value_t = 256)]
    connections: usize,
    /// Rounds, of which the medians are told
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of load, and of the rest before and after it
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Tell the figures and leave docs/PERFORMANCE.md alone
    #[arg(long)]
    dry: bool,
}

/// What is measured, and its goal in MB.
const GOALS: [(&str, f64); 3] =
    [("idle", 40.0), ("under full load, the most", 150.0), ("after the load", 60.0)];
/// The pause between two looks at a server under load.
const LOOK: Duration = Duration::from_millis(20);

/// Runs all of it, and writes the section of docs/PERFORMANCE.md.
///
/// # Errors
/// When the server does not start or answers wrongly.
pub async fn run(options: &Options) -> Result<()> {
    let database = Database::copy(&Stock::of(options.database, options.tickets, 0).await?).await?;
    let reading = reading(&database).await?;
    let mut rounds = Vec::new();
    for round in 0..options.rounds {
        tell(&format!("round {round}"));
        rounds.push(measure(options, &database, &reading, round).await?);
    }
    database.remove().await?;

    let mut table = Table::new("Resident MB", &["", "MB", "most", "goal", "met"]);
    for (place, (what, goal)) in GOALS.into_iter().enumerate() {
        let of = || rounds.iter().map(|round: &[f64; 3]| round[place]);
        table.row(vec![
            what.to_owned(),
            format!("{:.0}", median(of())),
            format!("{:.0}", of().fold(0.0, f64::max)),
            format!("≤ {goal:.0}"),
            met(median(of()) <= goal),
        ]);
    }
    let title = format!("Memory, {}", options.database.name());
    let intro = format!(
        "The engine with the built-in assistant and {} tickets: {2} s after its start, the most that \
         was seen in {2} s of {3} connections that send messages and {4} that read, and {2} s after \
         them. Medians of {1} runs, each with a new process; \"most\" is the worst of them.",
        options.tickets,
        options.rounds,
        options.seconds,
        options.connections,
        readers(options)
    );
    report::publish(options.dry, &title, &intro, &[table])
}

async fn measure(
    options: &Options,
    database: &Database,
    reading: &[String],
    round: usize,
) -> Result<[f64; 3]> {
    let time = Duration::from_secs(options.seconds);
    let server = Server::start(Kind::Engine, database).await?;
    tokio::time::sleep(time).await;
    let idle = server.memory()?;
    let sending = ["new".to_owned(), format!("memory{round}")];
    let (_, _, most) = tokio::try_join!(
        load::run(&server.base, options.connections, time, &sending),
        load::run(&server.base, readers(options), time, reading),
        most(&server, time),
    )?;
    tokio::time::sleep(time).await;
    let after = server.memory()?;
    server.stop().await;
    Ok([idle, most, after])
}

/// The most that a server holds within this time.
async fn most(server: &Server, time: Duration) -> Result<f64> {
    let began = Instant::now();
    let mut most: f64 = 0.0;
    while began.elapsed() < time {
        most = most.max(server.memory()?);
        tokio::time::sleep(LOOK).await;
    }
    Ok(most)
}

const fn readers(options: &Options) -> usize {
    options.connections.div_ceil(4)
}

/// Lists, searches, pages and customers, all over the database.
async fn reading(database: &Database) -> Result<Vec<String>> {
    let tickets = database.number("SELECT CAST(max(id) AS TEXT) FROM tickets").await?;
    let contacts = database.number("SELECT CAST(max(id) AS TEXT) FROM contacts").await?;
    let mut arguments = vec!["get".to_owned()];
    for part in 1..=20 {
        arguments.push("/api/tickets?status=in_progress".to_owned());
        arguments.push("/api/tickets?q=router".to_owned());
        arguments.push("/api/contacts".to_owned());
        arguments.push(format!("/api/tickets/{}", tickets * part / 20));
        arguments.push(format!("/api/contacts/{}", contacts * part / 20));
    }
    Ok(arguments)
}
