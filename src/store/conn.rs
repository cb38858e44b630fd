//! A connection to either database, and the macros that write each query once for both.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use diesel::sqlite::SqliteConnection;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::cut::Cut;
use super::ids::Reserved;
use super::postgres::LastState;
use super::signals::{Noted, Signals};
use super::thread::Nearby;
use super::{Error, Result, pool::Manager};

/// A connection to SQLite or PostgreSQL. Queries reach it through `on!` and `write_all`.
///
/// Statements that do not need each other's results may run at once (`try_join!` with `biased`):
/// PostgreSQL is then sent all of them before the first one's end is waited for, and works through
/// them in the order in which they were begun.
pub struct Conn {
    pub(super) link: Link,
    /// A transaction is open. A connection that comes back to the pool like this is closed.
    pub(super) in_transaction: bool,
    pub(super) closed: Arc<AtomicBool>,
    pub(super) last: LastState,
    pub(super) cut: Cut,
    /// Grows with each commit in this pool, and with each connection of it.
    pub(super) commits: Arc<AtomicU64>,
}

/// The connection itself.
pub(super) enum Link {
    /// Statements run where `thread.rs` says, one after the other.
    Sqlite(Mutex<SyncConnectionWrapper<SqliteConnection, Nearby>>),
    /// Boxed: it is much larger than the other.
    Postgres(Box<AsyncPgConnection>),
}

impl Conn {
    pub(super) fn is_broken(&self) -> bool {
        self.in_transaction || self.closed.load(Ordering::Acquire)
    }

    pub(super) fn is_postgres(&self) -> bool {
        matches!(self.link, Link::Postgres(_))
    }

    /// How far the pool's count of commits is.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Acquire)
    }

    /// Counted by no test: it is what happens anyway.
    async fn roll_back(&self) -> Result<()> {
        match &self.link {
            Link::Sqlite(c) => c.lock().await.batch_execute("ROLLBACK").await?,
            Link::Postgres(c) => (&**c).batch_execute("ROLLBACK").await?,
        }
        Ok(())
    }

    pub(super) async fn execute_batch(&self, sql: &str) -> Result<()> {
        self.cut.step()?;
        let done = match &self.link {
            Link::Sqlite(c) => c.lock().await.batch_execute(sql).await,
            Link::Postgres(c) => (&**c).batch_execute(sql).await,
        };
        Ok(done.map_err(|error| self.last.explain(error))?)
    }
}

/// A pooled connection outside of any transaction.
pub type Read = bb8::PooledConnection<'static, Manager>;

/// An open write transaction. Dropped without [`commit`](Tx::commit) it is rolled back, behind the
/// back of whoever dropped it; no other writer has its turn before that.
pub struct Tx {
    /// `None` only while it is being dropped.
    conn: Option<Read>,
    /// SQLite's writers queue here, in order of arrival; its own busy handler would let them sleep.
    turn: Option<OwnedMutexGuard<()>>,
    /// Ids that were reserved and not taken yet.
    pub(super) reserved: Reserved,
    signals: Signals,
    pub(super) noted: Noted,
}

/// How long a rollback may take before the connection is closed instead.
const ROLLBACK: Duration = Duration::from_secs(2);

impl Tx {
    /// A transaction in which nothing was done yet, not even [`begin`](Tx::begin).
    pub(super) fn new(mut conn: Read, turn: Option<OwnedMutexGuard<()>>, signals: Signals) -> Self {
        conn.in_transaction = true;
        let (reserved, noted) = (Reserved::default(), Noted::default());
        Self { conn: Some(conn), turn, reserved, signals, noted }
    }

    /// Begins it. Other statements may be sent behind this one at once.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be written.
    pub async fn begin(&self) -> Result<()> {
        // A deferred SQLite transaction that reads first fails when another wrote in between.
        let sql = if self.is_postgres() { "BEGIN" } else { "BEGIN IMMEDIATE" };
        self.execute_batch(sql).await
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// `Uncertain` when the database was lost on the way: what it did is then unknown. Otherwise
    /// nothing was committed.
    pub async fn commit(mut self) -> Result<()> {
        let done = self.execute_batch("COMMIT").await;
        // Whatever became of it, and while nobody else has the turn.
        self.commits.fetch_add(1, Ordering::AcqRel);
        done.map_err(Error::of_commit)?;
        if let Some(conn) = &mut self.conn {
            conn.in_transaction = false;
        }
        self.signals.tell(&self.noted);
        self.cut.step().map_err(|cut| Error::from(cut).of_commit())
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take().filter(|conn| conn.in_transaction) else { return };
        let turn = self.turn.take();
        // Without a runtime the connection is closed, which rolls back as well.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Ok(Ok(())) = tokio::time::timeout(ROLLBACK, conn.roll_back()).await {
                    conn.in_transaction = false;
                }
                drop(conn);
                drop(turn);
            });
        }
    }
}

impl Deref for Tx {
    type Target = Conn;

    #[expect(clippy::expect_used, reason = "the connection is there until the drop")]
    fn deref(&self) -> &Conn {
        self.conn.as_ref().expect("an open transaction has its connection")
    }
}

/// Runs one query on whichever database this is: `on!(conn, |c| query.load(c).await)`.
///
/// The query is written once and type-checked for both.
macro_rules! on {
    ($conn:expr, |$c:ident| $query:expr) => {{
        $conn.cut.step()?;
        let done = match &$conn.link {
            $crate::store::conn::Link::Sqlite(c) => {
                let $c = &mut *c.lock().await;
                $query
            }
            $crate::store::conn::Link::Postgres(c) => {
                let $c = &mut &**c;
                $query
            }
        };
        done.map_err(|error| $conn.last.explain(error))
    }};
}
pub(super) use on;

/// Loads what a query finds, and keeps another writer from changing it until this transaction ends:
/// `lock!(conn, query)`. On SQLite there is no other writer. Ordered by the rows' ids, two of
/// them never wait for each other in a circle.
macro_rules! lock {
    ($conn:expr, $query:expr) => {{
        $conn.cut.step()?;
        let done = match &$conn.link {
            $crate::store::conn::Link::Sqlite(c) => $query.load(&mut *c.lock().await).await,
            $crate::store::conn::Link::Postgres(c) => $query.for_update().load(&mut &**c).await,
        };
        done.map_err(|error| $conn.last.explain(error))
    }};
}
pub(super) use lock;
