//! Times the engine beside its own limits and its peers: `make bench`. Everything runs on this
//! machine's loopback, in folders and databases of its own, for a bounded time.

mod accept;
mod asker;
mod attached;
mod bare;
mod constant;
mod database;
mod deliveries;
mod grow;
mod jobs;
mod live;
mod load;
mod memory;
mod peer;
mod postgres;
mod process;
mod program;
mod provider;
mod report;
mod restart;
mod server;
mod stock;
mod turn;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// What one line tells when something can't be measured.
type Result<T, E = String> = std::result::Result<T, E>;

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// From a message's request to its stored answer
    Accept(accept::Options),
    /// The same, lists, filters, search and pages, while the database grows to a million tickets
    Grow(grow::Options),
    /// Waiting jobs, beside a bare loop
    Jobs(jobs::Options),
    /// From a start to the first answer, with a full database
    Restart(restart::Options),
    /// What the engine holds, with a full database
    Memory(memory::Options),
    /// Events on their way to live clients
    Live(live::Options),
    /// Deliveries to webhooks, beside a bare loop
    Deliveries(deliveries::Options),
    /// Messages while live clients and webhooks are told of them
    Attached(attached::Options),
    /// The built-in assistant alone
    Turn(turn::Options),
    /// From a message's arrival to its commit, while the provider of a model is silent
    Provider(provider::Options),
    /// The same as accept for django-helpdesk
    Peer(peer::Options),
    /// The engine with an assistant that says the same to everyone, and an echo route
    #[command(hide = true)]
    ServeConstant,
    /// As little as can do the same
    #[command(hide = true)]
    ServeBare(bare::Options),
    /// As little as can finish jobs that wait
    #[command(hide = true)]
    ServeBareJobs,
    /// As little as can bring events to live clients
    #[command(hide = true)]
    ServeBareLive,
    /// As little as can post what webhooks are told
    #[command(hide = true)]
    ServeBareDeliveries,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(until_stopped(run(cli.part))),
        Err(error) => Err(error.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            tell(&sentence);
            ExitCode::FAILURE
        }
    }
}

/// A part takes 15 minutes at most, and some more where a million tickets have to be made first.
const LIMIT: Duration = Duration::from_secs(25 * 60);

/// Ctrl-C, or a server that hangs, ends it as an error does: servers stop and folders go.
async fn until_stopped(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::select! {
        done = work => done,
        () = tokio::time::sleep(LIMIT) => Err(format!("not done after {LIMIT:?}")),
        _ = tokio::signal::ctrl_c() => Err("stopped".to_owned()),
    }
}

async fn run(part: Part) -> Result<()> {
    match part {
        Part::Accept(options) => accept::run(&options).await,
        Part::Grow(options) => grow::run(&options).await,
        Part::Jobs(options) => jobs::run(&options).await,
        Part::Restart(options) => restart::run(&options).await,
        Part::Memory(options) => memory::run(&options).await,
        Part::Live(options) => live::run(&options).await,
        Part::Attached(options) => attached::run(&options).await,
        Part::Deliveries(options) => deliveries::run(&options).await,
        Part::Turn(options) => turn::run(&options),
        Part::Provider(options) => provider::run(&options).await,
        Part::Peer(options) => peer::run(&options).await,
        Part::ServeConstant => constant::serve().await,
        Part::ServeBare(options) => bare::serve(options).await,
        Part::ServeBareJobs => bare::jobs::serve().await,
        Part::ServeBareLive => live::bare::serve().await,
        Part::ServeBareDeliveries => deliveries::bare::serve().await,
    }
}

#[expect(clippy::print_stderr, reason = "the progress and the sentence at the end")]
fn tell(line: &str) {
    eprintln!("{line}");
}
