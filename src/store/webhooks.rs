//! Webhooks: addresses of other systems that are told of events, and how each of them does.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::{
    AsChangeset, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper,
};
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use secrecy::{ExposeSecret, SecretString};

use super::columns::as_text;
use super::conn::{lock, on};
use super::one_of::one_of;
use super::prepared::Fixed;
use super::schema::{webhook_deliveries, webhooks};
use super::{Conn, Result, Tx};
use crate::clock::Millis;

/// A webhook.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = webhooks, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct Webhook {
    /// Its id.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// Where events go.
    pub url: String,
    /// The kind of events that it wants, or `*`.
    pub event_type: String,
    /// Whether it is told of anything. Its deliveries wait while it is not.
    pub is_active: bool,
    /// What it is for.
    pub description: Option<String>,
    /// What signs its deliveries.
    pub secret: Option<Secret>,
    /// What also signs them, until [`previous_until`](Self::previous_until).
    pub previous_secret: Option<Secret>,
    /// The end of a rotation.
    pub previous_until: Option<Millis>,
    /// Its first failed try since the last one that succeeded.
    pub failing_since: Option<Millis>,
    /// Why the engine has switched it off, where it has.
    pub disabled_reason: Option<String>,
    /// Its last try.
    pub last_triggered_at: Option<Millis>,
    /// Deliveries that have failed for good.
    pub failure_count: i64,
    /// Deliveries that have succeeded.
    pub success_count: i64,
    /// When it was made.
    pub created_at: Millis,
    /// When it was last changed, or switched off.
    pub updated_at: Millis,
}

/// A webhook's secret. `Debug` shows nothing of it.
#[derive(Clone, Debug, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Secret(pub SecretString);

impl Secret {
    fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

as_text!(Secret, Secret::expose, |text: &str| Ok(Self(SecretString::from(text))));

/// Which webhooks a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only with this event type.
    pub event_type: Option<String>,
    /// Only those that are, or are not, active.
    pub is_active: Option<bool>,
}

/// A page of webhooks, newest first, and how many pass the filter in all.
///
/// # Errors
/// As every statement.
pub async fn list(
    conn: &Conn,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<(Vec<Webhook>, i64)> {
    let all: Vec<Webhook> = on!(conn, |c| {
        let mut query = webhooks::table.select(Webhook::as_select()).into_boxed();
        if let Some(kind) = &filter.event_type {
            query = query.filter(webhooks::event_type.eq(kind));
        }
        if let Some(is_active) = filter.is_active {
            query = query.filter(webhooks::is_active.eq(is_active));
        }
        query.order(webhooks::id.desc()).load(c).await
    })?;
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let place = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
    Ok((all.into_iter().skip(place(offset)).take(place(limit)).collect(), total))
}

/// How many there are.
///
/// # Errors
/// As every statement.
pub async fn count(conn: &Conn) -> Result<i64> {
    Ok(on!(conn, |c| webhooks::table.count().get_result(c).await)?)
}

/// One of them.
///
/// # Errors
/// As every statement.
pub async fn get(conn: &Conn, id: i64) -> Result<Option<Webhook>> {
    Ok(on!(conn, |c| webhooks::table
        .find(id)
        .select(Webhook::as_select())
        .first(c)
        .await
        .optional())?)
}

/// Those of them that there are, by id, which nobody else changes until this transaction ends.
///
/// # Errors
/// As every statement.
pub async fn lock(tx: &Tx, ids: &[i64]) -> Result<Vec<Webhook>> {
    let conn: &Conn = tx;
    Ok(lock!(
        conn,
        webhooks::table
            .filter(one_of(webhooks::id, ids))
            .select(Webhook::as_select())
            .order(webhooks::id)
    )?)
}

/// Every active webhook, by id, and whether any of its deliveries is due.
///
/// # Errors
/// As every statement.
pub async fn active(conn: &Conn, now: Millis) -> Result<Vec<(Webhook, bool)>> {
    Ok(on!(conn, |c| {
        let due = webhook_deliveries::table
            .filter(webhook_deliveries::webhook_id.eq(webhooks::id))
            .filter(Fixed("webhook_deliveries.status = 'pending'"))
            .filter(webhook_deliveries::run_at.le(now));
        webhooks::table
            .filter(webhooks::is_active.eq(true))
            .select((Webhook::as_select(), diesel::dsl::exists(due)))
            .order(webhooks::id)
            .load(c)
            .await
    })?)
}

/// Adds one.
///
/// # Errors
/// As every statement.
pub async fn insert(tx: &Tx, row: &Webhook) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::insert_into(webhooks::table).values(row).execute(c).await)?;
    Ok(())
}

/// Changes the one of this row's id, which was [locked](lock) in this transaction, into this row.
///
/// # Errors
/// As every statement.
pub async fn update(tx: &Tx, row: &Webhook) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::update(webhooks::table.find(row.id)).set(row).execute(c).await)?;
    Ok(())
}

/// Deletes one, and says whether it was there. Its deliveries are deleted
/// [elsewhere](super::deliveries::delete_of_webhook).
///
/// # Errors
/// As every statement.
pub async fn delete(tx: &Tx, id: i64) -> Result<bool> {
    let conn: &Conn = tx;
    let gone = on!(conn, |c| diesel::delete(webhooks::table.filter(webhooks::id.eq(id)))
        .execute(c)
        .await)?;
    Ok(gone > 0)
}
