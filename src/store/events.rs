//! The log of what happened, in one growing sequence. Each event is written with its cause.
//!
//! On SQLite there is one writer, so that ids grow in the order of the commits. On PostgreSQL the
//! row of a smaller id may be committed after that of a larger one; [`Reader`] misses none.

pub(super) mod fan_out;
mod log;
mod notice;
mod reader;

use diesel::prelude::{ExpressionMethods, Insertable, QueryDsl, Queryable, QueryableByName};
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use serde::Serialize;

use super::conn::on;
use super::insert::rows;
use super::one_of::one_of;
use super::prepared::Prepared;
use super::schema::events;
use super::{Conn, Error, Payload, Result, Tx, deliveries};
use crate::clock::Millis;

#[cfg(feature = "testing")]
pub use log::of_ticket;
pub use log::{Event, first, last_given, page};
pub use reader::Reader;

/// An event to be written.
#[derive(Clone, Debug, Insertable, Serialize)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub struct NewEvent {
    /// What happened.
    pub kind: &'static str,
    /// The ticket it happened to.
    pub ticket_id: Option<i64>,
    /// What the outside is told.
    pub payload: Payload,
    /// When.
    pub created_at: Millis,
}

/// The ids of the last `count` events that this transaction wrote, in their order.
///
/// # Errors
/// As every statement; `Broken` where it wrote fewer.
pub async fn last_written(tx: &Tx, count: usize) -> Result<Vec<i64>> {
    if tx.is_postgres() {
        return log::last_of_transaction(tx, count).await;
    }
    // Nobody else writes, and so they follow each other.
    let last = last_given(tx).await?;
    let before = i64::try_from(count).ok().and_then(|count| last.checked_sub(count));
    let before = before.filter(|before| *before >= 0);
    let before = before.ok_or_else(|| Error::Broken("fewer events were written".into()))?;
    Ok((before + 1..=last).collect())
}

/// Writes one event that no webhook is told of by itself, and gives its id.
///
/// # Errors
/// As every statement.
pub async fn insert(tx: &Tx, event: &NewEvent) -> Result<i64> {
    let conn: &Conn = tx;
    let values = if conn.is_postgres() { "$1, $2::json, $3" } else { "?1, ?2, ?3" };
    let sql =
        format!("INSERT INTO events (kind, payload, created_at) VALUES ({values}) RETURNING id");
    let rows: Vec<Id> = on!(conn, |c| Prepared::new(&sql)
        .text(event.kind)
        .text(event.payload.as_str())
        .number(event.created_at)
        .load(c)
        .await)?;
    let id = rows.into_iter().next().map(|row| row.id);
    id.ok_or_else(|| Error::Broken("an event was written and has no id".into()))
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// What an event says.
#[derive(Clone, Debug, Queryable)]
pub struct Told {
    /// The event.
    pub id: i64,
    /// What happened.
    pub kind: String,
    /// What the outside is told.
    pub payload: Payload,
}

/// What these events say; those that are not kept any more are missing.
///
/// # Errors
/// As every statement.
pub async fn told(conn: &Conn, ids: &[i64]) -> Result<Vec<Told>> {
    Ok(on!(conn, |c| events::table
        .filter(one_of(events::id, ids))
        .select((events::id, events::kind, events::payload))
        .load(c)
        .await)?)
}

/// The ids of up to `limit` events from `since` until before `until`, in their order: those of one
/// kind, or all that are not for one webhook alone.
///
/// # Errors
/// As every statement.
pub async fn between(
    conn: &Conn,
    kind: Option<&str>,
    since: Millis,
    until: Millis,
    limit: i64,
) -> Result<Vec<i64>> {
    Ok(on!(conn, |c| {
        let mut query = events::table
            .filter(events::created_at.ge(since))
            .filter(events::created_at.lt(until))
            .select(events::id)
            .into_boxed();
        query = match kind {
            Some(kind) => query.filter(events::kind.eq(kind)),
            None => query.filter(events::kind.ne(WEBHOOK_TEST)),
        };
        query.order((events::created_at, events::id)).limit(limit).load(c).await
    })?)
}

/// The kind of an event that is for one webhook alone.
pub const WEBHOOK_TEST: &str = "webhook.test";

/// Deletes up to `limit` events from before `at`, oldest first, with their deliveries, of which it
/// deletes up to `limit` first.
///
/// # Errors
/// As every statement.
pub async fn purge(tx: &Tx, at: Millis, limit: i64) -> Result<Purged> {
    let conn: &Conn = tx;
    let old: Vec<i64> = on!(conn, |c| events::table
        .filter(events::created_at.lt(at))
        .order(events::created_at)
        .select(events::id)
        .limit(limit)
        .load(c)
        .await)?;
    let (of_them, pending) = deliveries::delete_of_events(tx, &old, limit).await?;
    if i64::try_from(of_them).unwrap_or(limit) >= limit {
        return Ok(Purged { rows: of_them, pending });
    }
    let rows = on!(conn, |c| diesel::delete(events::table)
        .filter(one_of(events::id, &old))
        .execute(c)
        .await)?;
    Ok(Purged { rows, pending })
}

/// What [`purge`] has deleted.
#[derive(Clone, Copy, Debug)]
pub struct Purged {
    /// Rows: deliveries, or events where few deliveries were left.
    pub rows: usize,
    /// Deliveries that still waited to be sent.
    pub pending: usize,
}

rows!(NewEvent, events);
