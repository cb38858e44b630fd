//! Articles that came over the API; those of files are not here.

use diesel::prelude::{
    AsChangeset, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::conn::{lock, on};
use super::schema::articles;
use super::{Conn, Result, Tx};
use crate::clock::Millis;

/// One article in one language.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = articles, primary_key(id, language))]
pub struct ArticleRow {
    /// The matter.
    pub id: String,
    /// The language it is written in.
    pub language: String,
    /// One of the categories in `prompts/`.
    pub category: String,
    /// What it is about.
    pub title: String,
    /// How customers ask for it: a list of texts.
    pub questions: Value,
    /// The answer.
    pub body: String,
    /// Hosts that a reply may link to: a list of texts.
    pub links: Value,
    /// Grows with each change.
    pub version: i64,
    /// When it was last changed.
    pub updated_at: Millis,
}

/// All of them, by id and language.
///
/// # Errors
/// As every statement.
pub async fn all(conn: &Conn) -> Result<Vec<ArticleRow>> {
    Ok(on!(conn, |c| articles::table
        .select(ArticleRow::as_select())
        .order((articles::id, articles::language))
        .load(c)
        .await)?)
}

/// How many there are.
///
/// # Errors
/// As every statement.
pub async fn count(conn: &Conn) -> Result<i64> {
    Ok(on!(conn, |c| articles::table.count().get_result(c).await)?)
}

/// One of them.
///
/// # Errors
/// As every statement.
pub async fn get(conn: &Conn, id: &str, language: &str) -> Result<Option<ArticleRow>> {
    Ok(on!(conn, |c| articles::table
        .find((id, language))
        .select(ArticleRow::as_select())
        .first(c)
        .await
        .optional())?)
}

/// The same, which nobody else changes until this transaction ends.
///
/// # Errors
/// As every statement.
pub async fn get_locked(tx: &Tx, id: &str, language: &str) -> Result<Option<ArticleRow>> {
    let conn: &Conn = tx;
    let found: Vec<ArticleRow> =
        lock!(conn, articles::table.find((id, language)).select(ArticleRow::as_select()))?;
    Ok(found.into_iter().next())
}

/// Adds one.
///
/// # Errors
/// `Contended` when there is one of this id and language; else as every statement.
pub async fn insert(tx: &Tx, row: &ArticleRow) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::insert_into(articles::table).values(row).execute(c).await)?;
    Ok(())
}

/// Changes the one of this row's id and language into this row.
///
/// # Errors
/// As every statement.
pub async fn update(tx: &Tx, row: &ArticleRow) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::update(articles::table.find((&row.id, &row.language)))
        .set(row)
        .execute(c)
        .await)?;
    Ok(())
}

/// Deletes one.
///
/// # Errors
/// As every statement.
pub async fn delete(tx: &Tx, id: &str, language: &str) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::delete(articles::table.find((id, language))).execute(c).await)?;
    Ok(())
}
