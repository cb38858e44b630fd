//! Ids that are known before their rows are written, so that a set of rows that refer to each
//! other needs one statement a table.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use diesel::prelude::{QueryDsl, QueryableByName};
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::conn::on;
use super::prepared::Prepared;
use super::{Conn, Result, Tx};

/// The tables whose ids are reserved.
#[derive(Clone, Copy, Debug)]
pub enum Table {
    /// `contacts`
    Contacts,
    /// `tickets`
    Tickets,
    /// `messages`
    Messages,
    /// `attachments`
    Attachments,
    /// `jobs`
    Jobs,
    /// `webhooks`
    Webhooks,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Tickets => "tickets",
            Self::Messages => "messages",
            Self::Attachments => "attachments",
            Self::Jobs => "jobs",
            Self::Webhooks => "webhooks",
        }
    }
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The ids of a transaction that were reserved and not taken yet.
#[derive(Debug, Default)]
pub(super) struct Reserved(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// PostgreSQL: of each table, those that were fetched, growing.
    fetched: HashMap<&'static str, VecDeque<i64>>,
    /// SQLite: the last id of each table. Nobody else writes meanwhile.
    last: Option<HashMap<String, i64>>,
}

impl Reserved {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next `n` ids of a table, growing. They belong to this transaction: SQLite lets no one
/// else write meanwhile, and PostgreSQL's sequences never give a number twice.
///
/// # Errors
/// As every statement.
pub async fn reserve(tx: &Tx, table: Table, n: usize) -> Result<std::vec::IntoIter<i64>> {
    if n == 0 {
        return Ok(Vec::new().into_iter());
    }
    if !tx.is_postgres() {
        return Ok(count_on(tx, table, n).await?.into_iter());
    }
    let known = tx.reserved.lock().fetched.get(table.name()).map_or(0, VecDeque::len);
    fetch(tx, table, n.saturating_sub(known)).await?;
    let mut reserved = tx.reserved.lock();
    let fetched = reserved.fetched.entry(table.name()).or_default();
    let n = n.min(fetched.len());
    Ok(fetched.drain(..n).collect::<Vec<_>>().into_iter())
}

/// Asks for ids that will probably be [reserved](reserve) later in this transaction, so that the
/// question can be sent together with others. Those that are not taken are lost.
///
/// # Errors
/// As every statement.
pub async fn fetch(tx: &Tx, table: Table, n: usize) -> Result<()> {
    if n == 0 || !tx.is_postgres() {
        return Ok(());
    }
    let sql =
        format!("SELECT nextval('{0}_id_seq') AS id FROM generate_series(1, $1)", table.name());
    let n = i64::try_from(n).unwrap_or(i64::MAX);
    let conn: &Conn = tx;
    let rows: Vec<Id> = on!(conn, |c| Prepared::new(&sql).number(n).load(c).await)?;
    let ids = rows.into_iter().map(|row| row.id);
    tx.reserved.lock().fetched.entry(table.name()).or_default().extend(ids);
    Ok(())
}

async fn count_on(tx: &Tx, table: Table, n: usize) -> Result<Vec<i64>> {
    let known = tx.reserved.lock().last.take();
    let mut known = match known {
        Some(known) => known,
        None => sequences(tx).await?,
    };
    let last = known.entry(table.name().to_owned()).or_default();
    let first = *last + 1;
    *last += i64::try_from(n).unwrap_or(i64::MAX);
    let ids = (first..=*last).collect();
    tx.reserved.lock().last = Some(known);
    Ok(ids)
}

async fn sequences(conn: &Conn) -> Result<HashMap<String, i64>> {
    let rows: Vec<(String, i64)> = on!(conn, |c| sqlite_sequence::table
        .select((sqlite_sequence::name, sqlite_sequence::seq))
        .load(c)
        .await)?;
    Ok(rows.into_iter().collect())
}

diesel::table! {
    /// SQLite's own; PostgreSQL has none, and is never asked.
    sqlite_sequence (name) {
        /// A table's name.
        name -> Text,
        /// The largest id that it ever had.
        seq -> BigInt,
    }
}
