//! A message's road: request, ticket, answer, all of it stored, response. The engine beside the bare
//! servers, in turns, each on an empty database of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::database::{self, Database};
use crate::load::{self, Figures};
use crate::report::{self, Table, median, percent};
use crate::server::{Kind, Server};
use crate::{Result, tell};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// On which database
    #[arg(value_enum)]
    database: database::Kind,
    /// Connections
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256])]
    connections: Vec<usize>,
    /// Rounds, of which the medians are told
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each run
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Tell the figures and leave docs/PERFORMANCE.md alone
    #[arg(long)]
    dry: bool,
}

/// What was sent to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// To a route that does nothing.
    Echo,
    /// Each message of a customer who never wrote before.
    New,
    /// Messages of those same customers, one after the other.
    Returning,
}

const SERVERS: [Kind; 4] = [Kind::BareSets, Kind::Constant, Kind::Engine, Kind::BareSingly];

type Rounds = BTreeMap<(Phase, &'static str), Vec<Figures>>;

/// Runs all of it, and writes the section of docs/PERFORMANCE.md.
///
/// # Errors
/// When a server does not start or answers wrongly.
pub async fn run(options: &Options) -> Result<()> {
    let mut tables = Vec::new();
    for &connections in &options.connections {
        let mut rounds = Rounds::new();
        for round in 0..options.rounds {
            for kind in SERVERS {
                tell(&format!("{connections} connections, round {round}: {kind:?}"));
                measure(options, kind, connections, &mut rounds).await?;
            }
        }
        let table = tabulate(connections, &rounds);
        tell(&table.to_string());
        tables.push(table);
    }
    if options.dry {
        return Ok(());
    }
    let title = format!("Accept, {}", options.database.name());
    let intro = format!(
        "Medians of {} runs of {} s, the servers taking turns. \"of the limit\" is the rate beside \
         the bare server that commits sets, in the same rounds. `new`: every message opens a \
         ticket; `returning`: those customers write again. CPU is the server's own, in a message. \
         \"wrk CPU\" is the load generator's share of one core: where that is well below 100 %, and \
         the echo route's rate well above the row's own, it is the server that is measured.",
        options.rounds, options.seconds
    );
    report::write_section(&title, &intro, &tables)
}

async fn measure(
    options: &Options,
    kind: Kind,
    connections: usize,
    rounds: &mut Rounds,
) -> Result<()> {
    let database = Database::create(options.database).await?;
    let server = Server::start(kind, &database).await?;
    let time = Duration::from_secs(options.seconds);
    let mut add = |phase, name, figures| {
        rounds.entry((phase, name)).or_default().push(figures);
    };
    if kind == Kind::Constant {
        let (figures, _) = load::measure(&server, connections, time, &["echo".to_owned()]).await?;
        add(Phase::Echo, "the engine's server, echo route", figures);
    }
    let new = ["new".to_owned(), "a".to_owned()];
    let (figures, customers) = load::measure(&server, connections, time, &new).await?;
    add(Phase::New, kind.name(), figures);
    let back = ["back".to_owned(), "a".to_owned(), customers.to_string()];
    let (figures, _) = load::measure(&server, connections, time, &back).await?;
    add(Phase::Returning, kind.name(), figures);
    server.stop().await;
    database.remove().await
}

fn tabulate(connections: usize, rounds: &Rounds) -> Table {
    let mut table = Table::new(
        &format!("{connections} connections"),
        &[
            "",
            "server",
            "a second",
            "of the limit",
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
            "CPU µs",
            "MB",
            "wrk CPU",
        ],
    );
    for ((phase, server), figures) in rounds {
        let of = |pick: fn(&Figures) -> f64| median(figures.iter().map(pick));
        let limit = rounds.get(&(*phase, Kind::BareSets.name()));
        // Each round beside its own limit: what slows the machine slows both.
        let ratio = limit.map(|limit| {
            median(figures.iter().zip(limit).map(|(figures, limit)| figures.rate / limit.rate))
        });
        table.row(vec![
            format!("{phase:?}").to_lowercase(),
            (*server).to_owned(),
            format!("{:.0}", of(|f| f.rate)),
            ratio.map_or_else(String::new, percent),
            format!("{:.2}", of(|f| f.p50)),
            format!("{:.2}", of(|f| f.p99)),
            format!("{:.2}", of(|f| f.p999)),
            format!("{:.0}", of(|f| f.cpu)),
            format!("{:.0}", of(|f| f.memory)),
            percent(of(|f| f.generator)),
        ]);
    }
    table
}
