//! The road of a message at every size. In each round all servers run at once, on fresh copies, and
//! messages are sent to one after the other.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{GROWTH, Options, Size, thousands};
use crate::database::Database;
use crate::report::{Table, median, met, percent};
use crate::server::{Kind, Server};
use crate::{Result, load, tell};

/// How long a server may need to be idle again, with everything in the search index.
const PATIENCE: Duration = Duration::from_secs(60);
/// An idle one uses less than this many seconds of processor time within `LOOK`.
const IDLE: f64 = 0.03;
const LOOK: Duration = Duration::from_millis(500);

/// What was sent to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Each message of a customer who never wrote before.
    New,
    /// Messages of those same customers, one after the other.
    Returning,
}

/// The figures of one run.
#[derive(Clone, Copy)]
struct Figures {
    rate: f64,
    /// Microseconds of processor time a message, of the engine and of the database's processes.
    cpu: f64,
    /// The same until the server was idle again, with the index written.
    cpu_in_all: f64,
}

type Rounds = BTreeMap<(Phase, u64), Vec<Figures>>;

/// Measures all of it.
///
/// # Errors
/// When a server does not start or answers wrongly.
pub async fn measure(options: &Options, sizes: &[Size]) -> Result<Vec<Table>> {
    let mut rounds = Rounds::new();
    for round in 0..options.rounds {
        tell(&format!("messages, round {round}"));
        let mut places = Vec::new();
        for size in sizes {
            let database = match &size.stock {
                Some(stock) => Database::copy(stock).await?,
                None => Database::create(options.database).await?,
            };
            let server = Server::start(Kind::Constant, &database).await?;
            places.push((size.tickets, server, database));
        }
        for (_, server, database) in &places {
            idle(server, database).await?;
        }
        for (tickets, server, database) in &places {
            let mut sent = vec!["new".to_owned(), "grow".to_owned()];
            let (figures, customers) = send(options, server, database, &sent).await?;
            rounds.entry((Phase::New, *tickets)).or_default().push(figures);
            sent = vec!["back".to_owned(), "grow".to_owned(), customers.to_string()];
            let (figures, _) = send(options, server, database, &sent).await?;
            rounds.entry((Phase::Returning, *tickets)).or_default().push(figures);
        }
        for (_, server, database) in places {
            server.stop().await;
            database.remove().await?;
        }
    }
    Ok([Phase::New, Phase::Returning].map(|phase| tabulate(phase, sizes, &rounds)).into())
}

#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
async fn send(
    options: &Options,
    server: &Server,
    database: &Database,
    arguments: &[String],
) -> Result<(Figures, u64)> {
    let time = Duration::from_secs(options.seconds);
    let before = cpu(server, database).await?;
    let run = load::run(&server.base, options.connections, time, arguments).await?;
    let during = cpu(server, database).await? - before;
    idle(server, database).await?;
    let in_all = cpu(server, database).await? - before;
    let each = 1e6 / run.requests as f64;
    let figures = Figures { rate: run.rate(), cpu: during * each, cpu_in_all: in_all * each };
    Ok((figures, run.requests))
}

async fn cpu(server: &Server, database: &Database) -> Result<f64> {
    Ok(server.cpu()? + database.cpu().await?)
}

/// Waits until nothing is left to be done: what one server still does would slow the next. Between
/// two sets the search index rests, for longer than `LOOK` perhaps, so what is left is asked too.
async fn idle(server: &Server, database: &Database) -> Result<()> {
    let began = Instant::now();
    let mut before = cpu(server, database).await?;
    while began.elapsed() < PATIENCE {
        tokio::time::sleep(LOOK).await;
        let now = cpu(server, database).await?;
        if now - before < IDLE && database.behind().await? == 0 {
            return Ok(());
        }
        before = now;
    }
    let behind = database.behind().await?;
    Err(format!("the server is not idle after {PATIENCE:?}: the index lacks {behind} documents"))
}

fn tabulate(phase: Phase, sizes: &[Size], rounds: &Rounds) -> Table {
    let mut table = Table::new(
        match phase {
            Phase::New => "Messages of new customers",
            Phase::Returning => "Messages of customers who return",
        },
        &[
            "tickets",
            "a second",
            "of empty",
            "CPU µs",
            "of empty",
            "CPU µs with the index",
            "of empty",
            "goal, CPU",
            "met",
        ],
    );
    let of = |size: &Size| rounds.get(&(phase, size.tickets)).map_or(&[][..], Vec::as_slice);
    let empty = sizes.first().map_or(&[][..], of);
    for size in sizes {
        let figures = of(size);
        let value = |pick: fn(&Figures) -> f64| median(figures.iter().map(pick));
        // Each round beside its own: what slows the machine slows both.
        let ratio = |pick: fn(&Figures) -> f64| {
            median(figures.iter().zip(empty).map(|(its, empty)| pick(its) / pick(empty)))
        };
        let (cpu, in_all) = (ratio(|f| f.cpu), ratio(|f| f.cpu_in_all));
        let is_judged = size.tickets == sizes.last().map_or(0, |last| last.tickets);
        let verdict = || met(cpu <= GROWTH && in_all <= GROWTH);
        table.row(vec![
            thousands(size.tickets),
            format!("{:.0}", value(|f| f.rate)),
            percent(ratio(|f| f.rate)),
            format!("{:.0}", value(|f| f.cpu)),
            percent(cpu),
            format!("{:.0}", value(|f| f.cpu_in_all)),
            percent(in_all),
            if is_judged { format!("≤ {}", percent(GROWTH)) } else { String::new() },
            if is_judged { verdict() } else { String::new() },
        ]);
    }
    table
}
