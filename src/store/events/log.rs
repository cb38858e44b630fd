//! Reading the log.

use diesel::dsl::min;
use diesel::prelude::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;

use super::Id;
use crate::clock::Millis;
use crate::store::conn::on;
use crate::store::prepared::Prepared;
use crate::store::schema::events;
use crate::store::{Conn, Error, Payload, Result};

/// Something that happened.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = events)]
pub struct Event {
    /// Its place in the sequence.
    pub id: i64,
    /// What happened, such as `ticket.created`.
    pub kind: String,
    /// The ticket it happened to.
    pub ticket_id: Option<i64>,
    /// What the outside is told.
    pub payload: Payload,
    /// When.
    pub created_at: Millis,
}

/// Up to `limit` events with ids above `after` and up to `last`, oldest first. On PostgreSQL more
/// may yet appear between them, unless a [`Reader`](super::Reader) has come as far as `last`.
///
/// # Errors
/// As every statement.
pub async fn page(conn: &Conn, after: i64, last: i64, limit: i64) -> Result<Vec<Event>> {
    Ok(on!(conn, |c| events::table
        .filter(events::id.gt(after))
        .filter(events::id.le(last))
        .order(events::id)
        .select(Event::as_select())
        .limit(limit)
        .load(c)
        .await)?)
}

/// The smallest id that is kept, if any is.
///
/// # Errors
/// As every statement.
pub async fn first(conn: &Conn) -> Result<Option<i64>> {
    Ok(on!(conn, |c| events::table.select(min(events::id)).first(c).await)?)
}

/// The largest id that was ever given to an event, kept or not, committed or not; 0 before the first.
///
/// # Errors
/// As every statement.
pub async fn last_given(conn: &Conn) -> Result<i64> {
    let sql = if conn.is_postgres() {
        "SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS id FROM events_id_seq"
    } else {
        "SELECT seq AS id FROM sqlite_sequence WHERE name = 'events'"
    };
    Ok(id(conn, sql).await?.unwrap_or(0))
}

/// PostgreSQL: the ids of the last `count` events that this transaction wrote. Other engines may have
/// been given ids between them. The search begins with the last one, so that it is short.
pub(super) async fn last_of_transaction(conn: &Conn, count: usize) -> Result<Vec<i64>> {
    let sql = "SELECT id FROM events
         WHERE id <= (SELECT currval('events_id_seq')) AND xmin = pg_current_xact_id()::xid
         ORDER BY id DESC LIMIT $1";
    let limit = i64::try_from(count).unwrap_or(i64::MAX);
    let rows: Vec<Id> = on!(conn, |c| Prepared::new(sql).number(limit).load(c).await)?;
    if rows.len() < count {
        return Err(Error::Broken("fewer events were written".into()));
    }
    Ok(rows.into_iter().rev().map(|row| row.id).collect())
}

async fn id(conn: &Conn, sql: &'static str) -> Result<Option<i64>> {
    let rows: Vec<Id> = on!(conn, |c| Prepared::new(sql).load(c).await)?;
    Ok(rows.into_iter().next().map(|row| row.id))
}

/// Events of a ticket, oldest first.
///
/// # Errors
/// As every statement.
#[cfg(feature = "testing")]
pub async fn of_ticket(conn: &Conn, ticket_id: i64) -> Result<Vec<Event>> {
    Ok(on!(conn, |c| events::table
        .filter(events::ticket_id.eq(ticket_id))
        .order(events::id)
        .select(Event::as_select())
        .load(c)
        .await)?)
}
