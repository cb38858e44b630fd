//! Reading the log as it grows, without missing what commits late.

use diesel::prelude::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::log::{self, Event};
use crate::store::conn::on;
use crate::store::prepared::Prepared;
use crate::store::{Conn, Result};

/// Reads each event once, in the order of the ids.
///
/// PostgreSQL gives an id when a row is inserted and shows the row when it is committed, so that a
/// smaller id may appear after a larger one, or never, where its transaction was rolled back. A gap
/// is therefore waited for until all transactions that were writing events when it was seen have
/// ended: each of them holds a lock on the table from before its first id until after its commit.
/// Other transactions, however long they take, keep nobody waiting.
#[derive(Debug)]
pub struct Reader {
    /// The id up to which all was read.
    position: i64,
    /// Up to this id nothing is missing that will come yet.
    settled: i64,
    gap: Option<Gap>,
}

/// Ids that are missing below `last`, and who may still bring them.
#[derive(Debug)]
struct Gap {
    last: i64,
    writers: Vec<String>,
}

impl Reader {
    /// A reader of what comes after all that has an id now. What was committed before is behind it
    /// once [`settle`](Self::settle) says so.
    ///
    /// # Errors
    /// As every statement.
    pub async fn at_end(conn: &Conn) -> Result<Self> {
        let position = log::last_given(conn).await?;
        if !conn.is_postgres() {
            return Ok(Self { position, settled: i64::MAX, gap: None });
        }
        let gap = Gap { last: position, writers: writers(conn).await? };
        Ok(Self { position, settled: position, gap: Some(gap) })
    }

    /// The id up to which all was read.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Whether it waits for an id that may never come: then it is worth looking again soon.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.gap.is_some()
    }

    /// Looks whether all have ended who might fill the gap. `true` when there is none any more.
    ///
    /// # Errors
    /// As every statement.
    pub async fn settle(&mut self, conn: &Conn) -> Result<bool> {
        let Some(gap) = &self.gap else { return Ok(true) };
        let busy = writers(conn).await?;
        if gap.writers.iter().any(|writer| busy.contains(writer)) {
            return Ok(false);
        }
        self.settled = self.settled.max(gap.last);
        self.gap = None;
        Ok(true)
    }

    /// Up to `limit` events that come next.
    ///
    /// # Errors
    /// As every statement; the reader is then where it was.
    pub async fn next(&mut self, conn: &Conn, limit: i64) -> Result<Vec<Event>> {
        self.settle(conn).await?;
        let mut events = log::page(conn, self.position, i64::MAX, limit).await?;
        let mut position = self.position;
        let ready = events.iter().take_while(|event| {
            let is_next = event.id <= self.settled || event.id == position + 1;
            position = if is_next { event.id } else { position };
            is_next
        });
        let ready = ready.count();
        if let Some(last) = events.last().filter(|_| ready < events.len() && self.gap.is_none()) {
            self.gap = Some(Gap { last: last.id, writers: writers(conn).await? });
        }
        events.truncate(ready);
        self.position = position;
        Ok(events)
    }
}

/// The transactions that have written events and have not ended.
async fn writers(conn: &Conn) -> Result<Vec<String>> {
    #[derive(QueryableByName)]
    struct Writer {
        #[diesel(sql_type = Text)]
        writer: String,
    }
    let sql = "SELECT virtualtransaction AS writer FROM pg_locks
         WHERE locktype = 'relation' AND relation = 'events'::regclass
             AND mode = 'RowExclusiveLock'
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let rows: Vec<Writer> = on!(conn, |c| Prepared::new(sql).load(c).await)?;
    Ok(rows.into_iter().map(|row| row.writer).collect())
}
