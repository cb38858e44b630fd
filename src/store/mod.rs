//! The database: the only place that names diesel.
//!
//! One set of queries serves SQLite and PostgreSQL (see the macros in `conn.rs`). Reading goes through
//! [`Store::read`]; everything that changes something goes through [`Store::begin`] and is
//! gathered in [`Changes`], so that what follows from a change (events, jobs) is always written
//! in the transaction of its cause.
//!
//! Ids are 64-bit and grow; times are milliseconds since 1970 (see [`crate::clock`]).

mod changes;
mod columns;
pub(crate) mod conn;
mod cut;
mod error;
pub(crate) mod ids;
mod insert;
mod migrate;
mod one_of;
mod payload;
mod pool;
mod postgres;
mod prepared;
mod schema;
mod signals;
mod snapshot;
mod thread;

pub mod articles;
pub mod attachments;
pub mod channels;
pub mod contacts;
pub mod decisions;
pub mod deliveries;
pub mod events;
pub mod idempotency;
pub mod jobs;
pub mod keys;
pub mod messages;
pub mod names;
pub mod quarantine;
pub mod search;
pub mod settings;
pub mod statistics;
pub mod tickets;
pub mod webhooks;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

pub use changes::Changes;
pub use columns::StoredKind;
pub use conn::{Conn, Read, Tx};
pub use cut::Cut;
pub use error::{Error, Result};
pub use ids::{Table, fetch, reserve};
pub use payload::Payload;

pub(crate) use snapshot::{Snapshot, snapshot};

use pool::{Manager, Purpose, Target};
use signals::Signals;

/// How long a caller waits for a connection or for its turn to write, before it hears 503.
const PATIENCE: Duration = Duration::from_secs(8);

/// Connections for reading: on SQLite for that alone, on PostgreSQL for everything.
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    target: Target,
    readers: bb8::Pool<Manager>,
    writers: bb8::Pool<Manager>,
    turn: Option<Arc<Mutex<()>>>,
    searches: Arc<Semaphore>,
    signals: Signals,
    cut: Cut,
    /// What other engines know this one by.
    name: String,
}

impl Store {
    /// Opens `sqlite://PATH` or `postgres://…`; a missing SQLite file is made. Migrations are a
    /// step of their own: [`migrate`](Store::migrate).
    ///
    /// # Errors
    /// A URL that is neither, or a folder that can't be made.
    pub async fn open(url: &str) -> Result<Self> {
        let target = target_of(url)?;
        let cut = Cut::default();
        let pool = async |size, purpose| {
            let commits = Arc::default();
            let manager = Manager { target: target.clone(), purpose, cut: cut.clone(), commits };
            bb8::Pool::builder()
                .max_size(size)
                .connection_timeout(PATIENCE)
                .max_lifetime(None)
                .idle_timeout(Some(Duration::from_secs(300)))
                .retry_connection(true)
                .build(manager)
                .await
        };
        let (readers, writers, turn) = match target {
            Target::Sqlite(_) => (
                pool(SQLITE_READERS, Purpose::Read).await?,
                pool(1, Purpose::Write).await?,
                Some(Arc::default()),
            ),
            Target::Postgres(_) => {
                let shared = pool(POSTGRES_CONNECTIONS, Purpose::Write).await?;
                (shared.clone(), shared, None)
            }
        };
        let connections = match target {
            Target::Sqlite(_) => SQLITE_READERS,
            Target::Postgres(_) => POSTGRES_CONNECTIONS,
        };
        // Half of them, so that everyone else finds one beside the searches.
        let searches = Arc::new(Semaphore::new(connections as usize / 2));
        let (signals, name) = (Signals::default(), format!("{:016x}", rand::random::<u64>()));
        Ok(Self { target, readers, writers, turn, searches, signals, cut, name })
    }

    /// A connection for reading. On SQLite it can't write.
    ///
    /// # Errors
    /// `Unavailable` when none was free or could be made in 8 s.
    pub async fn read(&self) -> Result<Read> {
        get(&self.readers).await
    }

    /// A connection for reading, and for a search by words a turn as well: where many rows hold them,
    /// it may take long, and there are so few at a time that everyone else finds a connection.
    ///
    /// # Errors
    /// As [`read`](Store::read), or when it was not our turn within 8 s.
    pub async fn read_or_search(
        &self,
        is_search: bool,
    ) -> Result<(Read, Option<OwnedSemaphorePermit>)> {
        if !is_search {
            return Ok((self.read().await?, None));
        }
        let turn = tokio::time::timeout(PATIENCE, self.searches.clone().acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok);
        let turn = turn.ok_or_else(|| Error::unavailable("too many searches at once"))?;
        Ok((self.read().await?, Some(turn)))
    }

    /// Begins a write transaction. On SQLite there is one at a time, in order of arrival.
    ///
    /// # Errors
    /// `Unavailable` when it was not our turn within 8 s, or the database can't be written.
    pub async fn begin(&self) -> Result<Tx> {
        let tx = self.turn().await?;
        tx.begin().await?;
        Ok(tx)
    }

    /// The same before its [`begin`](Tx::begin), with which other statements can be sent.
    ///
    /// # Errors
    /// As [`begin`](Store::begin).
    pub async fn turn(&self) -> Result<Tx> {
        let turn = self.queue().await?;
        Ok(Tx::new(get(&self.writers).await?, turn, self.signals.clone()))
    }

    /// A connection for reading what the next transaction needs: on SQLite the writer's own, which has
    /// much of it in memory, and its turn.
    ///
    /// # Errors
    /// As [`turn`](Store::turn).
    pub async fn read_ahead(&self) -> Result<(Option<OwnedMutexGuard<()>>, Read)> {
        let turn = self.queue().await?;
        Ok((turn, get(&self.writers).await?))
    }

    async fn queue(&self) -> Result<Option<OwnedMutexGuard<()>>> {
        let Some(queue) = &self.turn else { return Ok(None) };
        let turn = tokio::time::timeout(PATIENCE, queue.clone().lock_owned()).await;
        turn.map(Some).map_err(|_| Error::unavailable("the queue of writers did not move"))
    }

    /// How many sets of messages may be written at once: on SQLite one, since there is one writer.
    #[must_use]
    pub fn sets_at_once(&self) -> usize {
        match self.target {
            Target::Sqlite(_) => 1,
            Target::Postgres(_) => 2,
        }
    }

    /// The counter that can cut the store off.
    #[must_use]
    pub fn cut(&self) -> &Cut {
        &self.cut
    }
}

async fn get(pool: &bb8::Pool<Manager>) -> Result<Read> {
    pool.get_owned().await.map_err(|error| match error {
        bb8::RunError::User(error) => error,
        bb8::RunError::TimedOut => Error::unavailable("no connection within 8 s"),
    })
}

fn target_of(url: &str) -> Result<Target> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        let path = PathBuf::from(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|e| Error::Unavailable(format!("{}: {e}", folder.display())))?;
        }
        return Ok(Target::Sqlite(path));
    }
    let target = postgres::PostgresTarget::parse(url).map_err(Error::unavailable)?;
    Ok(Target::Postgres(Arc::new(target)))
}
