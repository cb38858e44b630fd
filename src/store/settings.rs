//! Small values that all engines on one database share.

use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;

use super::conn::on;
use super::schema::settings;
use super::{Conn, Result, Tx};
use crate::clock::Millis;

/// The value of this name.
///
/// # Errors
/// As every statement.
pub async fn get(conn: &Conn, name: &str) -> Result<Option<String>> {
    Ok(on!(conn, |c| settings::table.find(name).select(settings::value).first(c).await.optional())?)
}

/// Sets a value.
///
/// # Errors
/// As every statement.
pub async fn set(tx: &Tx, name: &str, value: &str, now: Millis) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::insert_into(settings::table)
        .values((settings::name.eq(name), settings::value.eq(value), settings::updated_at.eq(now)))
        .on_conflict(settings::name)
        .do_update()
        .set((settings::value.eq(value), settings::updated_at.eq(now)))
        .execute(c)
        .await)?;
    Ok(())
}
