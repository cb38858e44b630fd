//! What arrived and could not be understood, for a person to look at.

use diesel::prelude::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;

use super::conn::on;
use super::schema::quarantine;
use super::{Conn, Result, StoredKind, Tx};
use crate::clock::Millis;

/// Rows of one channel that are kept.
const KEPT: i64 = 1_000;

/// Something raw.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = quarantine, treat_none_as_default_value = false)]
pub struct Raw<'a> {
    /// Which channel it came by.
    pub channel: StoredKind,
    /// Why it is here, in a sentence.
    pub reason: &'a str,
    /// What came.
    pub raw: &'a [u8],
    /// `new`; nothing else yet.
    pub state: &'a str,
    /// When.
    pub created_at: Millis,
}

/// Keeps it, and lets go of the channel's oldest where there are too many.
///
/// # Errors
/// As every statement.
pub async fn keep(tx: &Tx, raw: &Raw<'_>) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::insert_into(quarantine::table).values(raw).execute(c).await)?;
    let newest_to_go: Option<i64> = on!(conn, |c| quarantine::table
        .filter(quarantine::channel.eq(raw.channel))
        .order(quarantine::id.desc())
        .select(quarantine::id)
        .offset(KEPT)
        .first(c)
        .await
        .optional())?;
    if let Some(id) = newest_to_go {
        on!(conn, |c| diesel::delete(quarantine::table)
            .filter(quarantine::channel.eq(raw.channel))
            .filter(quarantine::id.le(id))
            .execute(c)
            .await)?;
    }
    Ok(())
}

/// What is kept of a channel, newest first: why, and what came.
///
/// # Errors
/// As every statement.
pub async fn of_channel(conn: &Conn, channel: StoredKind) -> Result<Vec<(String, Vec<u8>)>> {
    Ok(on!(conn, |c| quarantine::table
        .filter(quarantine::channel.eq(channel))
        .order(quarantine::id.desc())
        .select((quarantine::reason, quarantine::raw))
        .load(c)
        .await)?)
}
