//! The channels' switches and health.

use diesel::prelude::{
    ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;

use super::conn::on;
use super::insert::{rows, write_all};
use super::schema::channels;
use super::{Conn, Result, Store, StoredKind, Tx};
use crate::clock::Millis;

/// One channel.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = channels, treat_none_as_default_value = false)]
pub struct ChannelRow {
    /// Which one.
    pub kind: StoredKind,
    /// An operator's switch: off, it reads and sends nothing.
    pub is_active: bool,
    /// Reserved for settings that are made in the panel.
    pub config: Value,
    /// `ok` or `problem`.
    pub health: String,
    /// What is wrong.
    pub health_detail: Option<String>,
    /// When it was last looked at.
    pub checked_at: Option<Millis>,
}

/// All channels that are known.
///
/// # Errors
/// As every statement.
pub async fn all(conn: &Conn) -> Result<Vec<ChannelRow>> {
    Ok(on!(conn, |c| channels::table.select(ChannelRow::as_select()).load(c).await)?)
}

/// Makes sure that every channel has a row; those that have one keep it.
///
/// # Errors
/// As every statement.
pub async fn ensure(tx: &Tx, kinds: &[StoredKind]) -> Result<()> {
    let known = all(tx).await?;
    let missing: Vec<ChannelRow> = kinds
        .iter()
        .filter(|kind| !known.iter().any(|row| row.kind == **kind))
        .map(|kind| ChannelRow {
            kind: *kind,
            is_active: true,
            config: Value::Object(serde_json::Map::new()),
            health: "ok".into(),
            health_detail: None,
            checked_at: None,
        })
        .collect();
    write_all(tx, vec![Box::new(missing)]).await
}

rows!(ChannelRow, channels);

/// Turns a channel's switch, in a transaction of its own.
///
/// # Errors
/// As every transaction.
pub async fn switch(store: &Store, kind: StoredKind, is_active: bool) -> Result<()> {
    let tx = store.begin().await?;
    ensure(&tx, &[kind]).await?;
    set_active(&tx, kind, is_active).await?;
    tx.commit().await
}

/// Turns a channel's switch.
///
/// # Errors
/// As every statement.
pub async fn set_active(tx: &Tx, kind: StoredKind, is_active: bool) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::update(channels::table.find(kind))
        .set(channels::is_active.eq(is_active))
        .execute(c)
        .await)?;
    Ok(())
}
