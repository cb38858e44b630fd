//! A whole engine for a test: real HTTP on a free port, a real database in its own place.

pub mod bot;
mod database;
mod http;
mod live;
mod process;
mod proxy;
mod receiver;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use centrium::app;
use centrium::assistant::{Assistant, Instructions, Language};
use centrium::config::Config;
use centrium::engine::Engine;
use centrium::events::Pace;
use centrium_channels::{Channel, ChannelKind, Incoming, Sender};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

pub use database::{Database, Kind};
pub use http::{Answer, Client};
pub use live::LiveClient;
pub use process::{Place, free_address};
pub use proxy::Proxy;
pub use receiver::{Receiver, Says};

/// The keys of every test engine.
pub const EXTERNAL_KEY: &str = "external-key-for-tests-0123456789abcdef";
/// The other one.
pub const API_TOKEN: &str = "api-token-for-tests-0123456789abcdefghij";

/// Writes one test for both databases: `both!(name, async |app| { … })`.
macro_rules! both {
    ($(#[$meta:meta])* $name:ident, $body:expr) => {
        $(#[$meta])*
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let body = $body;
                body($crate::harness::App::start($crate::harness::Kind::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let body = $body;
                body($crate::harness::App::start($crate::harness::Kind::Postgres).await).await;
            }
        }
    };
}
pub(crate) use both;

/// A running engine.
pub struct App {
    /// The engine itself, for looking behind the HTTP.
    pub engine: Engine,
    /// Where it listens.
    pub http: Client,
    /// Its database.
    pub database: Database,
    /// Its folder.
    pub folder: Arc<TempDir>,
}

/// What may differ from test to test.
#[derive(Default)]
pub struct Options {
    /// Configuration beyond the usual.
    pub config: Vec<(&'static str, String)>,
    /// Channels beside the external API.
    pub channels: Vec<Arc<dyn Channel>>,
    /// Another assistant than the built-in one.
    pub assistant: Option<Arc<dyn Assistant>>,
    /// Other patience with live clients.
    pub pace: Option<Pace>,
}

impl App {
    /// An engine on a new database, with the usual options.
    pub async fn start(kind: Kind) -> Self {
        Self::start_with(kind, Options::default()).await
    }

    /// An engine on a new database.
    pub async fn start_with(kind: Kind, options: Options) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let database = Database::create(kind, folder.path()).await;
        Self::start_on(database, folder, options).await
    }

    /// An engine on a database and a folder that exist already: the next life of another one.
    pub async fn start_on(database: Database, folder: Arc<TempDir>, options: Options) -> Self {
        let engine = build(&database, &folder, options).await;
        app::start(&engine).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = engine.clone();
        tokio::spawn(async move {
            let stop = served.stop.clone();
            app::serve(&served, listener, stop.cancelled_owned()).await;
        });
        Self { engine, http: Client::new(format!("http://{address}")), database, folder }
    }

    /// Stops this engine as SIGTERM would, and starts its next life.
    pub async fn restart(self, options: Options) -> Self {
        app::finish(&self.engine, Duration::from_secs(5)).await;
        let Self { engine, database, folder, .. } = self;
        drop(engine);
        Self::start_on(database, folder, options).await
    }
}

/// An engine that nothing runs in but its writer.
pub async fn build(database: &Database, folder: &TempDir, options: Options) -> Engine {
    let url = database.url();
    let data = folder.path().to_string_lossy().into_owned();
    let mut variables = vec![
        ("DATABASE_URL", url.as_str()),
        ("DATA_DIR", data.as_str()),
        ("EXTERNAL_API_KEY", EXTERNAL_KEY),
        ("API_TOKEN", API_TOKEN),
        ("RATE_LIMIT_PER_KEY", "0"),
        ("RATE_LIMIT_PER_IP", "0"),
        ("ASSISTANT_QUIET_MS", "0"),
    ];
    variables.extend(options.config.iter().map(|(name, value)| (*name, value.as_str())));
    let config = Config::with(&variables).unwrap();
    let mut parts = choices(&config);
    parts.channels.extend(options.channels);
    if let Some(assistant) = options.assistant {
        parts.assistant = assistant;
    }
    parts.pace = options.pace.unwrap_or(parts.pace);
    app::build_with(config, parts).await.unwrap().0
}

/// Reading the prompts is most of an engine's start in a debug build: once for all of a test's.
fn choices(config: &Config) -> app::Choices {
    static INSTRUCTIONS: OnceLock<Arc<Instructions>> = OnceLock::new();
    let load = || Arc::new(Instructions::load(None, "Centrium", Language::Ru).unwrap());
    app::Choices::with(config, INSTRUCTIONS.get_or_init(load).clone()).unwrap()
}

/// A message with nothing but its words.
pub fn message(channel: ChannelKind, sender: Sender, text: &str) -> Incoming {
    Incoming {
        channel,
        sender,
        external_id: None,
        conversation: None,
        subject: None,
        text: text.into(),
        attachments: Vec::new(),
        metadata: Value::Null,
        idempotency: None,
        awaits_reply: false,
        machine: None,
        edits: None,
    }
}
