//! A connection to either database, and the macros that write each query once for both.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::sqlite::SqliteConnection;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::sync::OwnedMutexGuard;

use super::cut::Cut;
use super::{Result, pool::Manager};

/// A connection to SQLite or PostgreSQL. Queries reach it through [`on!`] and [`insert_rows!`].
pub struct Conn {
    pub(super) link: Link,
    /// A transaction is open. A connection that comes back to the pool like this (its owner
    /// failed, or was dropped in the middle) is closed, which rolls it back.
    pub(super) in_transaction: bool,
    pub(super) closed: Arc<AtomicBool>,
    pub(super) cut: Cut,
}

/// The connection itself.
pub(super) enum Link {
    /// Statements run on a blocking thread.
    Sqlite(SyncConnectionWrapper<SqliteConnection>),
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

    pub(super) async fn execute_batch(&mut self, sql: &str) -> Result<()> {
        self.cut.step()?;
        match &mut self.link {
            Link::Sqlite(c) => c.batch_execute(sql).await?,
            Link::Postgres(c) => c.batch_execute(sql).await?,
        }
        Ok(())
    }
}

/// A pooled connection outside of any transaction.
pub type Read = bb8::PooledConnection<'static, Manager>;

/// An open write transaction. Dropped without [`commit`](Tx::commit) it is rolled back.
pub struct Tx {
    pub(super) conn: bb8::PooledConnection<'static, Manager>,
    /// SQLite's writers queue here, in order of arrival; its own busy handler would let them sleep.
    pub(super) _turn: Option<OwnedMutexGuard<()>>,
}

impl Tx {
    pub(super) async fn begin(mut self) -> Result<Self> {
        // A deferred SQLite transaction that reads first fails when another wrote in between.
        let sql = if self.conn.is_postgres() { "BEGIN" } else { "BEGIN IMMEDIATE" };
        self.conn.in_transaction = true;
        self.conn.execute_batch(sql).await?;
        Ok(self)
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// When the database says no; after `Unavailable` it is unknown whether it was committed.
    pub async fn commit(mut self) -> Result<()> {
        self.conn.execute_batch("COMMIT").await?;
        self.conn.in_transaction = false;
        self.conn.cut.step()?;
        Ok(())
    }
}

impl Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

/// Runs one query on whichever database this is: `on!(conn, |c| query.load(c).await)`.
///
/// The query is written once and type-checked for both.
macro_rules! on {
    ($conn:expr, |$c:ident| $query:expr) => {{
        $conn.cut.step()?;
        match &mut $conn.link {
            $crate::store::conn::Link::Sqlite($c) => $query,
            $crate::store::conn::Link::Postgres($c) => {
                let $c = &mut **$c;
                $query
            }
        }
    }};
}
pub(super) use on;

/// Inserts rows by multi-row statements: `insert_rows!(conn, rows, |r| insert_into(t).values(r))`.
///
/// diesel-async has no multi-row insert for SQLite, so that arm runs diesel's own, in the
/// connection's blocking thread. Rows go in chunks that stay under both databases' limits of
/// bound values (32,766 on SQLite).
macro_rules! insert_rows {
    ($conn:expr, $rows:expr, |$r:ident| $statement:expr) => {{
        let rows = $rows;
        if !rows.is_empty() {
            $conn.cut.step()?;
            match &mut $conn.link {
                $crate::store::conn::Link::Sqlite(c) => {
                    c.spawn_blocking(move |c| {
                        for $r in rows.chunks($crate::store::conn::CHUNK) {
                            diesel::RunQueryDsl::execute($statement, c)?;
                        }
                        Ok(())
                    })
                    .await?;
                }
                $crate::store::conn::Link::Postgres(c) => {
                    for $r in rows.chunks($crate::store::conn::CHUNK) {
                        diesel_async::RunQueryDsl::execute($statement, &mut **c).await?;
                    }
                }
            }
        }
    }};
}
pub(super) use insert_rows;

/// Rows a statement: 1,000 of the widest table (21 columns) are 21,000 values.
pub(super) const CHUNK: usize = 1_000;
