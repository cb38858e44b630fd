//! django-helpdesk, a ticket system that companies run, on this machine and on an equally durable
//! SQLite: how many tickets its API takes beside what the engine takes.

mod crowd;
mod helpdesk;

use std::time::{Duration, Instant};

use crate::asker::Asker;
use crate::database::{self, Database};
use crate::load::{self, Figures};
use crate::report::{self, Table, median, met};
use crate::server::{Kind, Server};
use crate::{Result, tell};
use helpdesk::Helpdesk;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Tickets that the peer is sent over each number of connections
    #[arg(long, default_value_t = 500)]
    tickets: usize,
    /// Connections
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64])]
    connections: Vec<usize>,
    /// Runs of the engine, of which the medians are told
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each run of the engine
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Tell the figures and leave docs/PERFORMANCE.md alone
    #[arg(long)]
    dry: bool,
}

/// How many times as many tickets the engine is to take.
const GOAL: f64 = 100.0;
/// How often a list is read.
const LISTS: usize = 20;
const PEER: &str = "django-helpdesk";

/// Runs all of it, and writes the section of docs/PERFORMANCE.md.
///
/// # Errors
/// When a server does not start or answers wrongly.
pub async fn run(options: &Options) -> Result<()> {
    let peer = Helpdesk::start().await?;
    let database = Database::create(database::Kind::Sqlite).await?;
    let engine = Server::start(Kind::Engine, &database).await?;
    let accept = accept(options, &peer, &engine).await?;
    let lists = lists(&peer, &engine).await?;
    let server = peer.description();
    peer.stop().await?;
    engine.stop().await;
    database.remove().await?;

    let intro = format!(
        "{} tickets over each number of connections, once, to `POST /api/tickets/` of {PEER} under \
         {server}, with SQLite in WAL mode and synchronous=FULL, as the engine has it; mails are \
         written and thrown away. After each of them the engine with the built-in assistant, whose \
         answers are stored as well: medians of {} runs of {} s. Memory is that of all processes of \
         a server, after the run.",
        options.tickets, options.rounds, options.seconds
    );
    report::publish(options.dry, "Peer", &intro, &[accept, lists])
}

async fn accept(options: &Options, peer: &Helpdesk, engine: &Server) -> Result<Table> {
    let mut table = Table::new(
        "New tickets",
        &["connections", "server", "a second", "p50 ms", "p99 ms", "MB", "times", "goal", "met"],
    );
    for &connections in &options.connections {
        tell(&format!("{connections} connections: {PEER}"));
        let theirs = crowd::send(peer, connections, options.tickets).await?;
        tell(&format!("{connections} connections: the engine"));
        let ours = ours(options, engine, connections).await?;
        let mut row = cells(connections, PEER, &theirs);
        row.extend([const { String::new() }; 3]);
        table.row(row);
        let times = ours.rate / theirs.rate;
        let mut row = cells(connections, Kind::Engine.name(), &ours);
        row.extend([format!("{times:.0}"), format!("≥ {GOAL:.0}"), met(times >= GOAL)]);
        table.row(row);
    }
    Ok(table)
}

async fn ours(options: &Options, engine: &Server, connections: usize) -> Result<Figures> {
    let time = Duration::from_secs(options.seconds);
    let mut rounds = Vec::new();
    for round in 0..options.rounds {
        let new = ["new".to_owned(), format!("peer{connections}-{round}")];
        rounds.push(load::measure(engine, connections, time, &new).await?.0);
    }
    let of = |pick: fn(&Figures) -> f64| median(rounds.iter().map(pick));
    Ok(Figures {
        rate: of(|f| f.rate),
        p50: of(|f| f.p50),
        p99: of(|f| f.p99),
        memory: of(|f| f.memory),
        ..Figures::default()
    })
}

fn cells(connections: usize, server: &str, figures: &Figures) -> Vec<String> {
    let digits = usize::from(figures.rate < 100.0);
    vec![
        connections.to_string(),
        server.to_owned(),
        format!("{:.*}", digits, figures.rate),
        format!("{:.1}", figures.p50),
        format!("{:.1}", figures.p99),
        format!("{:.0}", figures.memory),
    ]
}

/// The list's first page of 50, of all the tickets that were just sent.
async fn lists(peer: &Helpdesk, engine: &Server) -> Result<Table> {
    let mut table = Table::new("The list of tickets", &["server", "median ms"]);
    let mut asker = Asker::new(&peer.base);
    let theirs = timed(async || asker.ask("GET", helpdesk::LIST, &peer.header(), "").await).await?;
    let mut asker = Asker::new(&engine.base);
    let ours = timed(async || asker.get("/api/tickets").await).await?;
    for (server, time) in [(PEER, theirs), (Kind::Engine.name(), ours)] {
        table.row(vec![server.to_owned(), format!("{time:.1}")]);
    }
    Ok(table)
}

/// The median time of an answer, in milliseconds.
async fn timed(mut ask: impl AsyncFnMut() -> std::io::Result<crate::asker::Answer>) -> Result<f64> {
    let mut times = Vec::with_capacity(LISTS);
    for _ in 0..LISTS {
        let began = Instant::now();
        let answer = ask().await.map_err(|e| e.to_string())?;
        if answer.status != 200 {
            return Err(format!("the list: {} {}", answer.status, answer.text()));
        }
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(times.into_iter()))
}
