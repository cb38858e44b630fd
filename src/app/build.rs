//! From a configuration to an engine.

use std::path::Path;
use std::sync::Arc;

use centrium_channels::{Channel, ChannelKind, Settings};
use rand::RngExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{AppError, lines, telegram};
use crate::access::{Access, Limits};
use crate::assistant::{Assistant, Instructions, Language, Live, Model};
use crate::clock::{Clock, DAY};
use crate::config::Config;
use crate::engine::{Engine, Parts};
use crate::events::publish::Publisher;
use crate::events::{Pace, Tail};
use crate::files::Files;
use crate::health::Health;
use crate::ingest::{Ingest, Rules};
use crate::jobs::{LEASE, LocalQueue, Outcomes};
use crate::keys::{KeyRing, NewKey};
use crate::knowledge;
use crate::store::{Store, StoredKind, channels};
use crate::turns::Turns;
use crate::writer::{Desk, Writer};

/// The parts of an engine that can be chosen.
#[derive(Clone)]
pub struct Choices {
    /// The channels that are switched on.
    pub channels: Vec<Arc<dyn Channel>>,
    /// Categories, departments, rules, articles and texts.
    pub live: Live,
    /// Who answers.
    pub assistant: Arc<dyn Assistant>,
    /// How much patience there is with live clients.
    pub pace: Pace,
}

impl Choices {
    /// What the configuration chooses.
    ///
    /// # Errors
    /// When the prompts can't be read, with a sentence that names the file.
    pub fn of(config: &Config) -> Result<Self, AppError> {
        Self::from_folder(config, config.prompts_dir.as_deref(), "PROMPTS_DIR")
    }

    /// The same with the prompts of another folder, which was named by this option.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn from_folder(
        config: &Config,
        folder: Option<&Path>,
        option: &str,
    ) -> Result<Self, AppError> {
        let instructions =
            Instructions::load(folder, &config.company_name, default_language(config))
                .map_err(|e| AppError::new(&format!("Can't read the prompts ({option})"), e))?;
        Self::with(config, Arc::new(instructions))
    }

    /// The same with these instructions. A model answers where one is configured, else the built-in
    /// assistant.
    ///
    /// # Errors
    /// When no model can be asked at all, with a sentence that says why.
    pub fn with(config: &Config, instructions: Arc<Instructions>) -> Result<Self, AppError> {
        let live = Live::new(instructions);
        let telegram = telegram::settings(config, &live)?;
        let channels = centrium_channels::all(Settings { telegram });
        let assistant: Arc<dyn Assistant> = if config.model_on() {
            let model = Model::new(config, live.clone());
            Arc::new(model.map_err(|e| AppError::new("Can't ask a model", e))?)
        } else {
            Arc::new(live.clone())
        };
        Ok(Self { channels, live, assistant, pace: Pace::default() })
    }
}

/// Opens everything and puts an engine together; nothing runs yet but the writer. Also gives the
/// keys that were generated, to be shown once.
///
/// # Errors
/// When a part can't be opened, with a sentence that names it.
pub async fn build(config: Config) -> Result<(Engine, Vec<NewKey>), AppError> {
    let choices = Choices::of(&config)?;
    build_with(config, choices).await
}

/// The same with these channels and this assistant.
///
/// # Errors
/// As [`build`].
pub async fn build_with(
    config: Config,
    choices: Choices,
) -> Result<(Engine, Vec<NewKey>), AppError> {
    let Choices { channels, live, assistant, pace } = choices;
    // Before anything is counted.
    crate::telemetry::metrics();
    let clock = Clock::default();
    let default_language = default_language(&config);
    let (ring, new_keys) =
        KeyRing::open(&config).map_err(|e| AppError::new("Can't read the keys", e))?;
    let store = open_store(&config).await?;
    assistant.use_store(&store, &clock);
    knowledge::follow(&live, &store)
        .await
        .map_err(|e| AppError::new("Can't read the articles of the database", e))?;
    let files = Files::open(config.attachments_url.as_str())
        .map_err(|e| AppError::new("Can't keep attachments (ATTACHMENTS_URL)", e))?;
    let files = Arc::new(files);
    let folder = folder_name(&config.data_dir)?;
    // New at each start: the engine of a copied folder must not be taken for this one.
    let node = format!("{folder}.{:08x}", rand::rng().random::<u32>());
    let local = LocalQueue::default();
    let turns = Arc::new(Turns::default());
    let rules = Rules {
        live: live.clone(),
        default_language,
        reopen: i64::from(config.reopen_days) * DAY,
        node: node.clone(),
        lease: LEASE,
        quiet: i64::try_from(config.assistant_quiet_ms.as_millis()).unwrap_or(i64::MAX),
    };
    let writer = Writer::start(Desk {
        store: store.clone(),
        clock: clock.clone(),
        rules,
        assistant: assistant.clone(),
        local: local.clone(),
        turns: turns.clone(),
    })
    .map_err(|e| AppError::new("Can't start the writer", e))?;
    let outcomes = Outcomes::start(&store, node.clone())
        .map_err(|e| AppError::new("Can't start the writer of deliveries", e))?;
    let publisher = Publisher::start(&store, clock.clone())
        .map_err(|e| AppError::new("Can't start the writer of published events", e))?;
    let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
    let lines = lines::start(stop.clone(), tracker.clone())
        .map_err(|e| AppError::new("Can't start the thread of live clients", e))?;
    let limits = Limits::new(config.rate_limit_per_key, config.rate_limit_per_ip);
    let engine = Engine::new(Parts {
        clock,
        ingest: Ingest::new(files.clone(), writer.clone()),
        access: Access::new(ring, limits, store.clone()),
        tail: Tail::new(store.clone(), pace.ring),
        pace,
        store,
        files,
        live,
        assistant,
        default_language,
        writer,
        outcomes,
        publisher,
        local,
        turns,
        channels,
        health: Health::default(),
        node,
        folder,
        lines,
        stop,
        tracker,
        config,
    });
    Ok((engine, new_keys))
}

fn default_language(config: &Config) -> Language {
    // The configuration was checked: it is one of the three.
    config.default_language.parse().unwrap_or(Language::Ru)
}

async fn open_store(config: &Config) -> Result<Store, AppError> {
    let cannot = |e| AppError::new("Can't open the database (DATABASE_URL)", e);
    let store = Store::open(config.database_url.as_str()).await.map_err(cannot)?;
    for migration in store.migrate().await.map_err(cannot)? {
        tracing::info!(migration, "database.migrated");
    }
    let tx = store.begin().await.map_err(cannot)?;
    let kinds = ChannelKind::ALL.map(StoredKind);
    channels::ensure(&tx, &kinds).await.map_err(cannot)?;
    tx.commit().await.map_err(cannot)?;
    Ok(store)
}

/// The name of this data folder. The names of its engine's lives begin with it, so that the next
/// one can take back at once what the last one was doing when it was killed.
fn folder_name(folder: &Path) -> Result<String, AppError> {
    let path = folder.join("node");
    if let Ok(name) = std::fs::read_to_string(&path)
        && !name.trim().is_empty()
    {
        return Ok(name.trim().to_owned());
    }
    let name = format!("node-{:016x}", rand::rng().random::<u64>());
    std::fs::write(&path, &name)
        .map_err(|e| AppError::new(&format!("Can't write {}", path.display()), e))?;
    Ok(name)
}
