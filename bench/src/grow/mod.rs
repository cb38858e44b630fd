//! What a growing database costs: the same questions, and the same messages, at several sizes, all
//! measured in the same rounds.

mod accept;
mod questions;
mod reads;

use crate::stock::Stock;
use crate::{Result, database, report};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// On which database
    #[arg(value_enum)]
    database: database::Kind,
    /// Tickets in the databases, the fewest first; for messages an empty one is added
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000])]
    tickets: Vec<u64>,
    /// Rounds, of which the medians are told
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds in which messages are sent, in each run
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Connections that send messages
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Tell the figures and leave docs/PERFORMANCE.md alone
    #[arg(long)]
    dry: bool,
}

/// A database of one size.
struct Size {
    tickets: u64,
    /// None for the empty one.
    stock: Option<Stock>,
}

/// What may be added from the smallest database to the largest: a quarter.
const GROWTH: f64 = 1.25;

/// Runs all of it, and writes the section of docs/PERFORMANCE.md.
///
/// # Errors
/// When a server does not start or answers wrongly.
pub async fn run(options: &Options) -> Result<()> {
    let mut sizes = vec![Size { tickets: 0, stock: None }];
    for &tickets in &options.tickets {
        let stock = Some(Stock::of(options.database, tickets, 0).await?);
        sizes.push(Size { tickets, stock });
    }
    let mut tables = vec![reads::measure(options, &sizes[1..]).await?];
    tables.extend(accept::measure(options, &sizes).await?);

    let title = format!("Grow, {}", options.database.name());
    let intro = format!(
        "Databases of several sizes, three messages a ticket, each with a server of its own; all of \
         them run at once and are asked in turns. Medians of {0} rounds. Reading: at most {1} \
         requests in a row and a round, one connection, lists of 50. Messages: {2} s of {3} \
         connections to the constant assistant, on fresh copies in each round; CPU is that of the \
         engine{4} a message, during the run alone and with what the search index cost after it. \
         The goals are for the largest database: the median, and how much more it may be than that \
         of the smallest.",
        options.rounds,
        reads::REQUESTS,
        options.seconds,
        options.connections,
        match options.database {
            database::Kind::Sqlite => "",
            database::Kind::Postgres => " and of PostgreSQL's processes for it",
        }
    );
    report::publish(options.dry, &title, &intro, &tables)
}

/// Each with the comma that people read.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
