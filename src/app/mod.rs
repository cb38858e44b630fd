//! Puts an engine together, runs it, and lets it finish its work.

mod body;
mod build;
mod lines;
mod linger;
mod lock;
mod reload;
mod serve;
mod telegram;

use std::time::Duration;

use centrium_channels::ChannelKind;
use tokio::net::TcpListener;

use crate::config::Config;
use crate::engine::Engine;
use crate::inbox::EngineInbox;
use crate::jobs::{housekeeping, worker};
use crate::store;
use crate::webhooks::dispatcher;

pub use build::{Choices, build, build_with};
pub use lock::DataLock;
pub use serve::serve;
pub use telegram::set_webhook;

/// How long running requests and jobs may take to end after SIGTERM. What is left then is given
/// back and taken up by the next start; the whole stop stays below 10 s.
const DRAIN: Duration = Duration::from_secs(7);

/// Why an engine could not start or go on. One sentence for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AppError(pub String);

impl AppError {
    pub(crate) fn new(what: &str, why: impl std::fmt::Display) -> Self {
        let why = why.to_string();
        Self(format!("{what}: {}.", why.trim_end_matches('.')))
    }
}

/// Runs the engine until SIGTERM or SIGINT.
///
/// # Errors
/// When it can't start.
pub async fn run(config: Config) -> Result<(), AppError> {
    let listen = config.listen;
    // Held to the end: two engines on one folder, or on one file, would take each other's jobs.
    let _lock = DataLock::take(&config)?;
    let (engine, new_keys) = build(config).await?;
    show_new_keys(&new_keys);
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|e| AppError::new(&format!("Can't listen on {listen} (LISTEN)"), e))?;
    start(&engine).await?;
    reload::on_hangup(&engine)?;
    tracing::info!(http.listen = %listen, version = env!("CARGO_PKG_VERSION"), "engine.started");
    for kind in ChannelKind::ALL {
        let is_on = engine.config.channel_on(kind);
        tracing::info!(channel.kind = kind.as_str(), channel.is_on = is_on, "channel.configured");
    }

    let stop = engine.stop.clone();
    let drained = serve(&engine, listener, async move {
        wait_for_signal().await;
        tracing::info!("engine.stopping");
    })
    .await;
    stop.cancel();
    finish(&engine, drained).await;
    Ok(())
}

/// Starts jobs, webhooks, housekeeping, live events and the channels' own loops.
///
/// # Errors
/// When the database can't be written.
pub async fn start(engine: &Engine) -> Result<(), AppError> {
    worker::start(engine).await.map_err(|e| AppError::new("Can't start the jobs", e))?;
    dispatcher::start(engine).await.map_err(|e| AppError::new("Can't start the webhooks", e))?;
    housekeeping::start(engine).map_err(|e| AppError::new("Can't start the housekeeping", e))?;
    follow_events(engine);
    for channel in &engine.channels {
        let (channel, engine) = (channel.clone(), engine.clone());
        engine.tracker.clone().spawn(async move {
            let inbox = std::sync::Arc::new(EngineInbox::new(engine.clone()));
            while !engine.stop.is_cancelled() {
                if let Err(error) = channel.run(inbox.clone(), engine.stop.child_token()).await {
                    tracing::warn!(channel.kind = channel.kind().as_str(), %error, "channel.failed");
                    tokio::time::sleep(Duration::from_secs(5)).await;
                }
            }
        });
    }
    Ok(())
}

/// Hands new events to live clients, and tells other engines of them.
fn follow_events(engine: &Engine) {
    let its = engine.clone();
    engine.tracker.spawn(async move { its.tail.run(its.stop.clone()).await });
    let its = engine.clone();
    engine.tracker.spawn(async move {
        tokio::select! {
            () = its.store.announce_events() => {}
            () = its.stop.cancelled() => {}
        }
    });
}

/// Lets jobs that run end, and gives the others back.
pub async fn finish(engine: &Engine, patience: Duration) {
    engine.stop.cancel();
    engine.tracker.close();
    if tokio::time::timeout(patience, engine.tracker.wait()).await.is_err() {
        tracing::warn!("engine.drain_cut_short");
    }
    let patience = Duration::from_secs(2);
    match tokio::time::timeout(patience, give_back(engine)).await {
        Ok(Ok((jobs, deliveries))) => tracing::info!(
            jobs.given_back = jobs,
            deliveries.given_back = deliveries,
            "engine.stopped"
        ),
        Ok(Err(error)) => tracing::warn!(%error, "engine.stopped"),
        Err(_) => tracing::warn!("engine.stopped without giving jobs back"),
    }
}

async fn give_back(engine: &Engine) -> store::Result<(usize, usize)> {
    Ok((worker::give_back(engine).await?, dispatcher::give_back(engine).await?))
}

/// Generated keys are shown once, on standard output, whether or not that is a terminal.
#[expect(clippy::print_stdout, reason = "this is what standard output is for here")]
fn show_new_keys(keys: &[crate::keys::NewKey]) {
    for key in keys {
        println!("{key}");
    }
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};

    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
