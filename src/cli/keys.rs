//! `centrium keys`: see, replace and add API keys.

use clap::Subcommand;

use super::say;
use crate::app::AppError;
use crate::clock::{Clock, rfc3339};
use crate::config::Config;
use crate::keys::{self, KeyName, Scope};
use crate::store::keys::ApiKey;
use crate::store::{Error, Store, keys as rows};

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Show the main keys, and the names of those that were added
    #[command(after_help = "Example:\n  centrium keys show")]
    Show,
    /// Replace EXTERNAL_API_KEY, API_TOKEN or both; the old ones keep working until --drop-old
    #[command(
        after_help = "Example:\n  centrium keys rotate EXTERNAL_API_KEY\n  centrium keys rotate --drop-old"
    )]
    Rotate {
        /// Which key [default: both]
        name: Option<KeyName>,
        /// Make no new key, but let the old ones work no more
        #[arg(long)]
        drop_old: bool,
    },
    /// Add a narrower key; it is shown once, and kept only as a hash
    #[command(after_help = "Example:\n  centrium keys add dashboard --scope live")]
    Add {
        /// What to call it
        name: String,
        /// What it opens: live (/ws), read (GET of /api), external (the external API)
        #[arg(long)]
        scope: Scope,
    },
    /// Remove a key that was added
    #[command(after_help = "Example:\n  centrium keys remove dashboard")]
    Remove {
        /// What it is called
        name: String,
    },
}

pub(super) async fn run(command: Keys, config: Config) -> Result<(), AppError> {
    match command {
        Keys::Show => show(&config).await,
        Keys::Rotate { name, drop_old: false } => rotate(&config, name),
        Keys::Rotate { name, drop_old: true } => drop_old(&config, name),
        Keys::Add { name, scope } => add(&config, name, scope).await,
        Keys::Remove { name } => remove(&config, &name).await,
    }
}

async fn show(config: &Config) -> Result<(), AppError> {
    let main = keys::show(config).map_err(|e| AppError(e.to_string()))?;
    for key in main {
        say(format!("{}={}  # {}", key.name, key.value, key.source));
    }
    let store = open(config).await?;
    let conn = store.read().await.map_err(cannot)?;
    for key in rows::all(&conn).await.map_err(cannot)? {
        let added = rfc3339(key.created_at);
        say(format!("{} (scope {}, added {added}, kept as a hash)", key.name, key.scope));
    }
    Ok(())
}

fn rotate(config: &Config, name: Option<KeyName>) -> Result<(), AppError> {
    let rotated = keys::rotate(config, name).map_err(|e| AppError(e.to_string()))?;
    rotated.new.iter().for_each(say);
    rotated.left.iter().for_each(say);
    say("The old keys keep working until: centrium keys rotate --drop-old");
    Ok(())
}

fn drop_old(config: &Config, name: Option<KeyName>) -> Result<(), AppError> {
    let dropped = keys::drop_old(config, name).map_err(|e| AppError(e.to_string()))?;
    for (name, count) in dropped.dropped {
        say(format!("{name}: {count} old keys work no more."));
    }
    dropped.left.iter().for_each(say);
    Ok(())
}

async fn add(config: &Config, name: String, scope: Scope) -> Result<(), AppError> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(AppError(String::from("A key's name has 1 to 100 characters.")));
    }
    let value = keys::generate();
    let row = ApiKey {
        name: name.clone(),
        scope: scope.to_string(),
        digest: keys::digest(&value),
        created_at: Clock::default().now(),
    };
    let store = open(config).await?;
    let tx = store.begin().await.map_err(cannot)?;
    match rows::insert(&tx, &row).await {
        Ok(()) => tx.commit().await.map_err(cannot)?,
        Err(Error::Contended(_)) => {
            return Err(AppError(format!("There is a key called {name} already.")));
        }
        Err(error) => return Err(cannot(error)),
    }
    say(format!("{name}={value}"));
    Ok(())
}

async fn remove(config: &Config, name: &str) -> Result<(), AppError> {
    let store = open(config).await?;
    let tx = store.begin().await.map_err(cannot)?;
    let removed = rows::remove(&tx, name).await.map_err(cannot)?;
    tx.commit().await.map_err(cannot)?;
    if !removed {
        return Err(AppError(format!("There is no key called {name}.")));
    }
    say(format!("{name} works no more."));
    Ok(())
}

async fn open(config: &Config) -> Result<Store, AppError> {
    let store = Store::open(config.database_url.as_str()).await.map_err(cannot)?;
    store.migrate().await.map_err(cannot)?;
    Ok(store)
}

fn cannot(error: Error) -> AppError {
    AppError::new("Can't open the database", error)
}
