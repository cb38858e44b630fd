//! Ids that are known before their rows are written, so that a set of rows that refer to each
//! other needs one statement a table.

use std::collections::HashMap;

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
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Tickets => "tickets",
            Self::Messages => "messages",
            Self::Attachments => "attachments",
            Self::Jobs => "jobs",
        }
    }
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The last id of each table of a SQLite database, with those that this transaction reserved.
pub(super) type Sequences = HashMap<String, i64>;

/// The next `n` ids of a table, growing. They belong to this transaction: SQLite lets no one
/// else write meanwhile, and PostgreSQL's sequences never give a number twice.
///
/// # Errors
/// As every statement.
pub async fn reserve(tx: &mut Tx, table: Table, n: usize) -> Result<std::vec::IntoIter<i64>> {
    if n == 0 {
        return Ok(Vec::new().into_iter());
    }
    if !tx.is_postgres() {
        let mut sequences = match tx.sequences.take() {
            Some(sequences) => sequences,
            None => sequences(tx).await?,
        };
        let last = sequences.entry(table.name().to_owned()).or_default();
        let first = *last + 1;
        *last += i64::try_from(n).unwrap_or(i64::MAX);
        let ids: Vec<i64> = (first..=*last).collect();
        tx.sequences = Some(sequences);
        return Ok(ids.into_iter());
    }
    let sql =
        format!("SELECT nextval('{0}_id_seq') AS id FROM generate_series(1, $1)", table.name());
    let n = i64::try_from(n).unwrap_or(i64::MAX);
    let conn: &mut Conn = tx;
    let rows: Vec<Id> = on!(conn, |c| Prepared::new(&sql).number(n).load(c).await)?;
    Ok(rows.into_iter().map(|row| row.id).collect::<Vec<_>>().into_iter())
}

async fn sequences(conn: &mut Conn) -> Result<Sequences> {
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
