//! Small values that all engines on one database share.

use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, TextExpressionMethods};
use diesel_async::RunQueryDsl;

use super::conn::on;
use super::prepared::Prepared;
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

/// Adds to a value that is a number; one that is not there counts as 0.
///
/// # Errors
/// As every statement.
pub async fn add(tx: &Tx, name: &str, amount: i64, now: Millis) -> Result<()> {
    let conn: &Conn = tx;
    let sign = if conn.is_postgres() { '$' } else { '?' };
    let sql = format!(
        "INSERT INTO settings (name, value, updated_at)
         VALUES ({sign}1, CAST({sign}2 AS TEXT), {sign}3)
         ON CONFLICT (name) DO UPDATE SET updated_at = excluded.updated_at,
             value = CAST(CAST(settings.value AS BIGINT) + CAST(excluded.value AS BIGINT) AS TEXT)"
    );
    on!(conn, |c| Prepared::new(&sql).text(name).number(amount).number(now).execute(c).await)?;
    Ok(())
}

/// Deletes the values whose names begin with `prefix`, but for this one.
///
/// # Errors
/// As every statement.
pub async fn forget_others(tx: &Tx, prefix: &str, name: &str) -> Result<()> {
    let conn: &Conn = tx;
    let like = format!("{prefix}%");
    on!(conn, |c| diesel::delete(settings::table)
        .filter(settings::name.like(&like))
        .filter(settings::name.ne(name))
        .execute(c)
        .await)?;
    Ok(())
}
