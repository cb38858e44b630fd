//! The log of what happened, in one growing sequence. Each event is written with its cause.
//!
//! On SQLite there is one writer, so that ids grow in the order of the commits. On PostgreSQL the
//! row of a smaller id may be committed after that of a larger one; [`Reader`] misses none.

mod log;
mod notice;
mod reader;

use diesel::prelude::{ExpressionMethods, Insertable, QueryDsl};
use diesel_async::RunQueryDsl;
use serde::Serialize;

use super::conn::on;
use super::insert::rows;
use super::one_of::one_of;
use super::schema::events;
use super::{Conn, Payload, Result, Tx};
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

/// The id of the event that this transaction wrote last.
///
/// # Errors
/// As every statement; `Broken` where it wrote none.
pub async fn last_written(tx: &Tx) -> Result<i64> {
    // Nobody else writes on SQLite; on PostgreSQL this is the connection's own last number.
    if tx.is_postgres() { log::last_of_connection(tx).await } else { last_given(tx).await }
}

/// Deletes up to `limit` events from before `at`, oldest first, and says how many.
///
/// # Errors
/// As every statement.
pub async fn purge(tx: &Tx, at: Millis, limit: i64) -> Result<usize> {
    let conn: &Conn = tx;
    let old: Vec<i64> = on!(conn, |c| events::table
        .filter(events::created_at.lt(at))
        .order(events::created_at)
        .select(events::id)
        .limit(limit)
        .load(c)
        .await)?;
    Ok(on!(conn, |c| diesel::delete(events::table)
        .filter(one_of(events::id, &old))
        .execute(c)
        .await)?)
}

rows!(NewEvent, events);
