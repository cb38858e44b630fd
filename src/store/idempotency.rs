//! Callers' idempotency keys, written with what they made.

use diesel::prelude::{
    ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use serde::Serialize;

use super::conn::on;
use super::insert::rows;
use super::one_of::one_of;
use super::schema::idempotency_keys;
use super::{Conn, Result, Tx};
use crate::clock::Millis;

/// A key that was used.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = idempotency_keys, treat_none_as_default_value = false)]
pub struct IdempotencyKey {
    /// What kind of request it was; the same key may be used once in each.
    pub scope: String,
    /// The caller's key.
    pub key: String,
    /// SHA-256 of the request, in hex.
    pub request: String,
    /// What the request made.
    pub resource_id: i64,
    /// When.
    pub created_at: Millis,
}

/// Which of these keys were used in this scope.
///
/// # Errors
/// As every statement.
pub async fn find(conn: &Conn, scope: &str, keys: &[String]) -> Result<Vec<IdempotencyKey>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    Ok(on!(conn, |c| idempotency_keys::table
        .filter(idempotency_keys::scope.eq(scope))
        .filter(one_of(idempotency_keys::key, keys))
        .select(IdempotencyKey::as_select())
        .load(c)
        .await)?)
}

/// Uses a key, unless it was used before in this scope: then `false`, also where another engine is
/// just doing so.
///
/// # Errors
/// As every statement.
pub async fn use_once(tx: &Tx, key: &IdempotencyKey) -> Result<bool> {
    let conn: &Conn = tx;
    let rows = on!(conn, |c| diesel::insert_into(idempotency_keys::table)
        .values(key)
        .on_conflict((idempotency_keys::scope, idempotency_keys::key))
        .do_nothing()
        .execute(c)
        .await)?;
    Ok(rows > 0)
}

/// Deletes up to `limit` keys from before `at`, oldest first, and says how many.
///
/// # Errors
/// As every statement.
pub async fn purge(tx: &Tx, at: Millis, limit: i64) -> Result<usize> {
    let conn: &Conn = tx;
    let old: Vec<i64> = on!(conn, |c| idempotency_keys::table
        .filter(idempotency_keys::created_at.lt(at))
        .order(idempotency_keys::created_at)
        .select(idempotency_keys::id)
        .limit(limit)
        .load(c)
        .await)?;
    Ok(on!(conn, |c| diesel::delete(idempotency_keys::table)
        .filter(one_of(idempotency_keys::id, &old))
        .execute(c)
        .await)?)
}

rows!(IdempotencyKey, idempotency_keys);
