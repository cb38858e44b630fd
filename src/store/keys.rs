//! API keys that were added by hand, hashed.

use diesel::prelude::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper,
};
use diesel_async::RunQueryDsl;

use super::conn::on;
use super::schema::api_keys;
use super::{Conn, Result, Tx};
use crate::clock::Millis;

/// A key that was added with `centrium keys add`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
pub struct ApiKey {
    /// What it is called; unique.
    pub name: String,
    /// What it opens: `live`, `read` or `external`.
    pub scope: String,
    /// SHA-256 of the key, in hex; the key itself is nowhere.
    pub digest: String,
    /// When it was added.
    pub created_at: Millis,
}

/// The key with this digest.
///
/// # Errors
/// As every statement.
pub async fn find(conn: &Conn, digest: &str) -> Result<Option<ApiKey>> {
    Ok(on!(conn, |c| api_keys::table
        .filter(api_keys::digest.eq(digest))
        .select(ApiKey::as_select())
        .first(c)
        .await
        .optional())?)
}

/// All keys, by name.
///
/// # Errors
/// As every statement.
pub async fn all(conn: &Conn) -> Result<Vec<ApiKey>> {
    Ok(on!(conn, |c| api_keys::table
        .order(api_keys::name)
        .select(ApiKey::as_select())
        .load(c)
        .await)?)
}

/// Adds a key.
///
/// # Errors
/// `Contended` when the name is taken.
pub async fn insert(tx: &Tx, key: &ApiKey) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::insert_into(api_keys::table).values(key).execute(c).await)?;
    Ok(())
}

/// Removes a key; `false` when there is none of that name.
///
/// # Errors
/// As every statement.
pub async fn remove(tx: &Tx, name: &str) -> Result<bool> {
    let conn: &Conn = tx;
    let rows = on!(conn, |c| diesel::delete(api_keys::table)
        .filter(api_keys::name.eq(name))
        .execute(c)
        .await)?;
    Ok(rows > 0)
}
