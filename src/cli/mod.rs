//! The command line. Errors are one sentence on standard error, and a status other than 0.

mod bench;
mod eval;
mod jobs;
mod keys;
mod plain;
mod prompts;
mod set_webhook;
mod train;
mod webhooks;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use crate::app::{self, AppError};
use crate::config::Config;
use crate::telemetry;

/// Omnichannel ticket-ingestion engine: every message becomes a ticket, is answered or escalated.
#[derive(Debug, Parser)]
#[command(version, after_help = "Example:\n  centrium --config /etc/centrium.toml serve")]
struct Cli {
    /// Configuration file [default: centrium.toml in the working directory, if there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the engine (what `centrium` alone does)
    #[command(
        after_help = "Example:\n  DATABASE_URL=postgres://centrium@localhost/centrium centrium serve"
    )]
    Serve,
    /// Ask a running engine whether it works; for containers
    #[command(after_help = "Example:\n  centrium healthcheck")]
    Healthcheck,
    /// Bring the database's tables up to this version (every start does so by itself)
    #[command(after_help = "Example:\n  centrium migrate")]
    Migrate,
    /// See the work that waits, and try again what failed
    #[command(subcommand, after_help = "Example:\n  centrium jobs list")]
    Jobs(jobs::Jobs),
    /// See which other systems are told of what, and try again what failed
    #[command(subcommand, after_help = "Example:\n  centrium webhooks list")]
    Webhooks(webhooks::Webhooks),
    /// Tell Telegram where to call a bot, and see whether it does
    #[command(
        alias = "set_webhook",
        after_help = "Example:\n  centrium set-webhook telegram https://help.example.com"
    )]
    SetWebhook(set_webhook::SetWebhook),
    /// See, replace and add API keys
    #[command(subcommand, after_help = "Example:\n  centrium keys show")]
    Keys(keys::Keys),
    /// Run labelled messages through the assistant, and tell how good it is
    #[command(
        after_help = "Example:\n  centrium eval --misses\n  centrium eval --against my-prompts"
    )]
    Eval(eval::Eval),
    /// Have the built-in assistant learn from labelled messages
    #[command(after_help = "Example:\n  centrium train --cases my-cases")]
    Train(train::Train),
    /// See whether the files are right that the assistant works from
    #[command(subcommand, after_help = "Example:\n  centrium prompts check")]
    Prompts(prompts::Prompts),
    /// Fill a database to try things out and to measure
    #[command(
        subcommand,
        after_help = "Example:\n  DATABASE_URL=sqlite://try.db centrium bench seed --tickets 100000"
    )]
    Bench(bench::Bench),
    /// Print the OpenAPI document
    #[command(after_help = "Example:\n  centrium openapi > docs/openapi.json")]
    Openapi,
}

/// Runs the command that the arguments name.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match run_command(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run_command(cli: Cli) -> Result<(), AppError> {
    match &cli.command {
        Some(Command::Openapi) => return plain::print_openapi(),
        Some(Command::Prompts(command)) => return prompts::run(command, cli.config.as_deref()),
        _ => {}
    }
    let config = Config::load(cli.config.as_deref()).map_err(|e| AppError(e.to_string()))?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve(config),
        Command::Healthcheck => plain::check_health(&config),
        Command::Migrate => block_on(plain::migrate(config))?,
        Command::Jobs(command) => block_on(jobs::run(command, config))?,
        Command::Webhooks(command) => block_on(webhooks::run(command, config))?,
        Command::SetWebhook(options) => block_on(set_webhook::run(options, config))?,
        Command::Keys(command) => block_on(keys::run(command, config))?,
        Command::Eval(options) => block_on(eval::run(options, config))?,
        Command::Train(options) => block_on(train::run(options, config))?,
        Command::Bench(command) => block_on(bench::run(command, config))?,
        Command::Openapi | Command::Prompts(_) => Ok(()),
    }
}

fn serve(config: Config) -> Result<(), AppError> {
    let _logs = telemetry::init(&config).map_err(|e| AppError(e.to_string()))?;
    // A connection is a file descriptor; the default of 1,024 is soon used up.
    if let Err(error) = rlimit::increase_nofile_limit(65_536) {
        tracing::warn!(%error, "limits.open_files");
    }
    block_on(app::run(config))?
}

fn block_on<T>(work: impl Future<Output = T>) -> Result<T, AppError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| AppError::new("Can't start", e))?;
    let done = runtime.block_on(work);
    // A blocking read of a client that went away must not hold up the end.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    Ok(done)
}

/// How far a command is: on standard error, and only where that is a terminal.
fn bar(what: &'static str, count: u64) -> ProgressBar {
    let style = "{msg:>12} {wide_bar} {human_pos} of {human_len}, {eta} left";
    let style =
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count).with_style(style).with_message(what)
}

#[expect(clippy::print_stderr, reason = "the sentence for the person at the terminal")]
fn complain(error: &AppError) {
    eprintln!("centrium: {error}");
}

#[expect(clippy::print_stdout, reason = "what a command prints is its result")]
fn say(line: impl std::fmt::Display) {
    println!("{line}");
}
