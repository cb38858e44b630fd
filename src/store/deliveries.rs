//! Deliveries of events to webhooks. A delivery is written with its event and stays as the record of
//! how it went; until it ends it is also a job, under the rules of `jobs.rs`: `run_at` is when it is
//! due, or, while an engine has it, the end of that engine's lease.

use diesel::prelude::{
    ExpressionMethods, Identifiable, Insertable, JoinOnDsl, NullableExpressionMethods, QueryDsl,
    Queryable, QueryableByName, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use serde::Serialize;

use super::conn::{lock, on};
use super::insert::{rows, write_all};
use super::names::WebhookStatus;
use super::one_of::one_of;
use super::prepared::{Fixed, Prepared};
use super::schema::{events, webhook_deliveries, webhooks};
use super::{Conn, Payload, Result, Tx};
use crate::clock::Millis;

/// The delivery of one event to one webhook, over all its tries.
#[derive(
    Clone, Debug, Queryable, QueryableByName, Selectable, Insertable, Serialize, Identifiable,
)]
#[diesel(table_name = webhook_deliveries, treat_none_as_default_value = false)]
pub struct Delivery {
    /// Its id.
    pub id: i64,
    /// Where it goes.
    pub webhook_id: i64,
    /// What it tells.
    pub event_id: i64,
    /// How far it has come.
    pub status: WebhookStatus,
    /// How many tries have ended.
    pub attempt_number: i64,
    /// Not before this time. While an engine has it: the end of that engine's lease.
    pub run_at: Millis,
    /// The engine that has it.
    pub lease_owner: Option<String>,
    /// The status of the last answer.
    pub response_status: Option<i64>,
    /// The beginning of the last answer's body.
    pub response_body: Option<String>,
    /// Why the last try failed.
    pub error_message: Option<String>,
    /// When it was written.
    pub created_at: Millis,
    /// When it succeeded.
    pub delivered_at: Option<Millis>,
}

/// A delivery to be written.
#[derive(Clone, Debug, Insertable, Serialize)]
#[diesel(table_name = webhook_deliveries, treat_none_as_default_value = false)]
pub struct NewDelivery {
    webhook_id: i64,
    event_id: i64,
    status: WebhookStatus,
    attempt_number: i64,
    run_at: Millis,
    created_at: Millis,
}

impl NewDelivery {
    /// One that is due at once.
    #[must_use]
    pub const fn new(webhook_id: i64, event_id: i64, now: Millis) -> Self {
        let status = WebhookStatus::Pending;
        Self { webhook_id, event_id, status, attempt_number: 0, run_at: now, created_at: now }
    }
}

/// A delivery, and what its event says, where that is still kept.
pub type Shown = (Delivery, Option<String>, Option<Payload>);

/// Writes deliveries beside those that came with their events.
///
/// # Errors
/// As every statement.
pub async fn insert(tx: &Tx, deliveries: Vec<NewDelivery>) -> Result<()> {
    write_all(tx, vec![Box::new(deliveries)]).await?;
    tx.wake_dispatcher();
    Ok(())
}

/// Up to `limit` due deliveries of a webhook, oldest first, which nobody else takes until this
/// transaction ends; those that someone else is taking are left out.
///
/// # Errors
/// As every statement.
pub async fn due(tx: &Tx, webhook_id: i64, now: Millis, limit: i64) -> Result<Vec<Delivery>> {
    let (skip, p) = if tx.is_postgres() { ("FOR UPDATE SKIP LOCKED", "$") } else { ("", "?") };
    let sql = format!(
        "SELECT * FROM webhook_deliveries
         WHERE webhook_id = {p}1 AND status = 'pending' AND run_at <= {p}2
         ORDER BY run_at, id LIMIT {p}3 {skip}"
    );
    let conn: &Conn = tx;
    Ok(on!(conn, |c| Prepared::new(&sql)
        .number(webhook_id)
        .number(now)
        .number(limit)
        .load(c)
        .await)?)
}

/// Leases [due] deliveries to `owner` until `until`.
///
/// # Errors
/// As every statement.
pub async fn lease(tx: &Tx, owner: &str, ids: &[i64], until: Millis) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::update(webhook_deliveries::table)
        .filter(one_of(webhook_deliveries::id, ids))
        .set((webhook_deliveries::lease_owner.eq(owner), webhook_deliveries::run_at.eq(until),))
        .execute(c)
        .await)?;
    Ok(())
}

/// Which of these deliveries `owner` still holds. What another engine took over, or was deleted, is
/// missing.
///
/// # Errors
/// As every statement.
pub async fn still_held(tx: &Tx, owner: &str, ids: &[i64]) -> Result<Vec<i64>> {
    let conn: &Conn = tx;
    Ok(lock!(
        conn,
        webhook_deliveries::table
            .filter(one_of(webhook_deliveries::id, ids))
            .filter(webhook_deliveries::lease_owner.eq(owner))
            .select(webhook_deliveries::id)
            .order(webhook_deliveries::id)
    )?)
}

/// Writes how deliveries went that are [still held](still_held).
///
/// # Errors
/// As every statement.
pub async fn update(tx: &Tx, deliveries: Vec<Delivery>) -> Result<()> {
    write_all(tx, vec![Box::new(deliveries)]).await
}

/// The engines of this data folder that hold deliveries.
///
/// # Errors
/// As every statement.
pub async fn owners(conn: &Conn, folder: &str) -> Result<Vec<String>> {
    let all: Vec<Option<String>> = on!(conn, |c| webhook_deliveries::table
        .filter(webhook_deliveries::lease_owner.is_not_null())
        .select(webhook_deliveries::lease_owner)
        .distinct()
        .load(c)
        .await)?;
    Ok(super::jobs::of_folder(all, folder))
}

/// Gives back everything that `owner` holds: that engine has ended, or is about to. It counts as no
/// try.
///
/// # Errors
/// As every statement.
pub async fn give_back_all(tx: &Tx, owner: &str, now: Millis) -> Result<usize> {
    let conn: &Conn = tx;
    Ok(on!(conn, |c| diesel::update(webhook_deliveries::table)
        .filter(webhook_deliveries::lease_owner.eq(owner))
        .set((
            webhook_deliveries::run_at.eq(now),
            webhook_deliveries::lease_owner.eq(None::<String>),
        ))
        .execute(c)
        .await)?)
}

/// A page of a webhook's deliveries, newest first.
///
/// # Errors
/// As every statement.
pub async fn list(
    conn: &Conn,
    webhook_id: i64,
    status: Option<WebhookStatus>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Shown>> {
    Ok(on!(conn, |c| webhook_deliveries::table
        .left_join(events::table.on(events::id.eq(webhook_deliveries::event_id)))
        .filter(webhook_deliveries::webhook_id.eq(webhook_id))
        .filter(with(status))
        .select((Delivery::as_select(), events::kind.nullable(), events::payload.nullable()))
        .order(webhook_deliveries::id.desc())
        .limit(limit)
        .offset(offset)
        .load(c)
        .await)?)
}

/// The ids of up to `limit` failed deliveries of a webhook, newest first, from before the id `before`.
///
/// # Errors
/// As every statement.
pub async fn failed(conn: &Conn, webhook_id: i64, before: i64, limit: i64) -> Result<Vec<i64>> {
    Ok(on!(conn, |c| webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(webhook_id))
        .filter(with(Some(WebhookStatus::Failed)))
        .filter(webhook_deliveries::id.lt(before))
        .select(webhook_deliveries::id)
        .order(webhook_deliveries::id.desc())
        .limit(limit)
        .load(c)
        .await)?)
}

/// How many deliveries a webhook has.
///
/// # Errors
/// As every statement.
pub async fn count(conn: &Conn, webhook_id: i64, status: Option<WebhookStatus>) -> Result<i64> {
    Ok(on!(conn, |c| webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(webhook_id))
        .filter(with(status))
        .count()
        .get_result(c)
        .await)?)
}

/// How many deliveries have not ended, of webhooks that there are.
///
/// # Errors
/// As every statement.
pub async fn count_pending(conn: &Conn) -> Result<i64> {
    Ok(on!(conn, |c| webhook_deliveries::table
        .inner_join(webhooks::table.on(webhooks::id.eq(webhook_deliveries::webhook_id)))
        .filter(with(Some(WebhookStatus::Pending)))
        .count()
        .get_result(c)
        .await)?)
}

/// The condition as the indexes have it.
const fn with(status: Option<WebhookStatus>) -> Fixed {
    Fixed(match status {
        None => "1 = 1",
        Some(WebhookStatus::Pending) => "webhook_deliveries.status = 'pending'",
        Some(WebhookStatus::Success) => "webhook_deliveries.status = 'success'",
        Some(WebhookStatus::Failed) => "webhook_deliveries.status = 'failed'",
    })
}

/// One delivery of a webhook, which nobody else changes until this transaction ends.
///
/// # Errors
/// As every statement.
pub async fn lock(tx: &Tx, webhook_id: i64, id: i64) -> Result<Option<Delivery>> {
    let conn: &Conn = tx;
    let found: Vec<Delivery> = lock!(
        conn,
        webhook_deliveries::table
            .find(id)
            .filter(webhook_deliveries::webhook_id.eq(webhook_id))
            .select(Delivery::as_select())
    )?;
    Ok(found.into_iter().next())
}

/// One delivery.
///
/// # Errors
/// As every statement.
pub async fn show(conn: &Conn, id: i64) -> Result<Option<Shown>> {
    let found: Vec<Shown> = on!(conn, |c| webhook_deliveries::table
        .left_join(events::table.on(events::id.eq(webhook_deliveries::event_id)))
        .filter(webhook_deliveries::id.eq(id))
        .select((Delivery::as_select(), events::kind.nullable(), events::payload.nullable()))
        .load(c)
        .await)?;
    Ok(found.into_iter().next())
}

/// Makes a delivery due now, with the status and the tries of this row. What is known of its last try
/// stays.
///
/// # Errors
/// As every statement.
pub async fn hurry(tx: &Tx, row: &Delivery, now: Millis) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::update(webhook_deliveries::table.find(row.id))
        .set((
            webhook_deliveries::status.eq(row.status),
            webhook_deliveries::attempt_number.eq(row.attempt_number),
            webhook_deliveries::run_at.eq(now),
        ))
        .execute(c)
        .await)?;
    tx.wake_dispatcher();
    Ok(())
}

/// Deletes up to `limit` deliveries of a webhook that is gone, and says how many.
///
/// # Errors
/// As every statement.
pub async fn delete_of_webhook(tx: &Tx, webhook_id: i64, limit: i64) -> Result<usize> {
    let conn: &Conn = tx;
    let ids: Vec<i64> = on!(conn, |c| webhook_deliveries::table
        .filter(webhook_deliveries::webhook_id.eq(webhook_id))
        .select(webhook_deliveries::id)
        .order(webhook_deliveries::id)
        .limit(limit)
        .load(c)
        .await)?;
    delete(tx, &ids).await
}

/// Deletes up to `limit` deliveries of these events. Says how many, and how many of them still waited.
pub(super) async fn delete_of_events(
    tx: &Tx,
    events: &[i64],
    limit: i64,
) -> Result<(usize, usize)> {
    let conn: &Conn = tx;
    let found: Vec<(i64, WebhookStatus)> = on!(conn, |c| webhook_deliveries::table
        .filter(one_of(webhook_deliveries::event_id, events))
        .select((webhook_deliveries::id, webhook_deliveries::status))
        .limit(limit)
        .load(c)
        .await)?;
    let pending = found.iter().filter(|(_, status)| *status == WebhookStatus::Pending).count();
    let ids: Vec<i64> = found.into_iter().map(|(id, _)| id).collect();
    Ok((delete(tx, &ids).await?, pending))
}

/// Deletes these deliveries, and says how many there were.
///
/// # Errors
/// As every statement.
pub async fn delete(tx: &Tx, ids: &[i64]) -> Result<usize> {
    if ids.is_empty() {
        return Ok(0);
    }
    let conn: &Conn = tx;
    Ok(on!(conn, |c| diesel::delete(webhook_deliveries::table)
        .filter(one_of(webhook_deliveries::id, ids))
        .execute(c)
        .await)?)
}

rows!(NewDelivery, webhook_deliveries);
rows!(
    Delivery,
    webhook_deliveries,
    [
        status,
        attempt_number,
        run_at,
        lease_owner,
        response_status,
        response_body,
        error_message,
        delivered_at
    ]
);
