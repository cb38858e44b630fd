//! A connection to either database, and the macros that write each query once for both.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel::sqlite::SqliteConnection;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::sync::OwnedMutexGuard;

use super::cut::Cut;
use super::ids::Sequences;
use super::postgres::LastState;
use super::thread::Nearby;
use super::{Error, Result, pool::Manager};

/// A connection to SQLite or PostgreSQL. Queries reach it through `on!` and `write_all`.
pub struct Conn {
    pub(super) link: Link,
    /// A transaction is open. A connection that comes back to the pool like this is closed.
    pub(super) in_transaction: bool,
    pub(super) closed: Arc<AtomicBool>,
    pub(super) last: LastState,
    pub(super) cut: Cut,
}

/// The connection itself.
pub(super) enum Link {
    /// Statements run where `thread.rs` says.
    Sqlite(SyncConnectionWrapper<SqliteConnection, Nearby>),
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

    /// Counted by no test: it is what happens anyway.
    async fn roll_back(&mut self) -> Result<()> {
        match &mut self.link {
            Link::Sqlite(c) => c.batch_execute("ROLLBACK").await?,
            Link::Postgres(c) => c.batch_execute("ROLLBACK").await?,
        }
        Ok(())
    }

    pub(super) async fn execute_batch(&mut self, sql: &str) -> Result<()> {
        self.cut.step()?;
        let done = match &mut self.link {
            Link::Sqlite(c) => c.batch_execute(sql).await,
            Link::Postgres(c) => c.batch_execute(sql).await,
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
    /// Read when the first id is reserved.
    pub(super) sequences: Option<Sequences>,
}

/// How long a rollback may take before the connection is closed instead.
const ROLLBACK: Duration = Duration::from_secs(2);

impl Tx {
    pub(super) async fn begin(conn: Read, turn: Option<OwnedMutexGuard<()>>) -> Result<Self> {
        let mut tx = Self { conn: Some(conn), turn, sequences: None };
        // A deferred SQLite transaction that reads first fails when another wrote in between.
        let sql = if tx.is_postgres() { "BEGIN" } else { "BEGIN IMMEDIATE" };
        tx.in_transaction = true;
        tx.execute_batch(sql).await?;
        Ok(tx)
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// `Uncertain` when the database was lost on the way: what it did is then unknown. Otherwise
    /// nothing was committed.
    pub async fn commit(mut self) -> Result<()> {
        self.execute_batch("COMMIT").await.map_err(Error::of_commit)?;
        self.in_transaction = false;
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

impl DerefMut for Tx {
    #[expect(clippy::expect_used, reason = "the connection is there until the drop")]
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn.as_mut().expect("an open transaction has its connection")
    }
}

/// Runs one query on whichever database this is: `on!(conn, |c| query.load(c).await)`.
///
/// The query is written once and type-checked for both.
macro_rules! on {
    ($conn:expr, |$c:ident| $query:expr) => {{
        $conn.cut.step()?;
        let done = match &mut $conn.link {
            $crate::store::conn::Link::Sqlite($c) => $query,
            $crate::store::conn::Link::Postgres($c) => {
                let $c = &mut **$c;
                $query
            }
        };
        done.map_err(|error| $conn.last.explain(error))
    }};
}
pub(super) use on;

/// Loads what a query finds, and keeps another engine from changing it until this transaction ends:
/// `lock!(conn, query)`. On SQLite there is no other writer. Ordered by the rows' ids, two engines
/// never wait for each other in a circle.
macro_rules! lock {
    ($conn:expr, $query:expr) => {{
        $conn.cut.step()?;
        let done = match &mut $conn.link {
            $crate::store::conn::Link::Sqlite(c) => $query.load(c).await,
            $crate::store::conn::Link::Postgres(c) => $query.for_update().load(&mut **c).await,
        };
        done.map_err(|error| $conn.last.explain(error))
    }};
}
pub(super) use lock;
