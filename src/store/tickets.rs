//! Tickets.

mod list;
mod touched;

use diesel::dsl::{exists, not};
use diesel::prelude::{
    ExpressionMethods, Identifiable, Insertable, OptionalExtension, QueryDsl, Queryable,
    QueryableByName, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use serde::Serialize;

use super::conn::{lock, on};
use super::insert::rows;
use super::names::{Author, Priority, Status};
use super::one_of::one_of;
use super::prepared::{Fixed, Prepared, as_json};
use super::schema::{messages, tickets};
use super::{Conn, Result, StoredKind, Tx};
use crate::clock::Millis;

pub use list::{Filter, list};
pub use touched::Touched;

/// A ticket.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Queryable,
    QueryableByName,
    Selectable,
    Insertable,
    Serialize,
    Identifiable,
)]
#[diesel(table_name = tickets, treat_none_as_default_value = false)]
pub struct Ticket {
    /// Its number.
    pub id: i64,
    /// Whose it is; where a CRM's conversation has several writers, the first.
    pub contact_id: i64,
    /// Where it came from.
    pub channel: StoredKind,
    /// Its conversation's id on the channel.
    pub external_id: Option<String>,
    /// What it is about.
    pub subject: Option<String>,
    /// Where it is in its life.
    pub status: Status,
    /// How urgent it is.
    pub priority: Priority,
    /// One of the categories in `prompts/`.
    pub category: Option<String>,
    /// One of the departments in `prompts/`.
    pub department: Option<String>,
    /// A human must come; true until closed or patched.
    pub needs_escalation: bool,
    /// Why a human must come.
    pub escalation_reason: Option<String>,
    /// When a human was last called.
    pub escalated_at: Option<Millis>,
    /// Closed without any human.
    pub is_auto_solved: bool,
    /// The person who deals with it.
    pub operator: Option<String>,
    /// The person who has taken over: the assistant only drafts until they leave.
    pub taken_by: Option<String>,
    /// Grows with every change; what was made for an older version is stale.
    pub version: i64,
    /// The version that the search index knows.
    pub indexed_version: i64,
    /// When it was opened.
    pub created_at: Millis,
    /// When anything last happened to it.
    pub updated_at: Millis,
    /// When the customer was first answered, by whomever.
    pub first_response_at: Option<Millis>,
    /// When it was closed, while it is.
    pub closed_at: Option<Millis>,
    /// When it was last opened again: what was said before is another story.
    pub reopened_at: Option<Millis>,
}

/// One ticket.
///
/// # Errors
/// As every statement.
pub async fn get(conn: &Conn, id: i64) -> Result<Option<Ticket>> {
    Ok(on!(conn, |c| tickets::table
        .find(id)
        .select(Ticket::as_select())
        .first(c)
        .await
        .optional())?)
}

/// Tickets by their ids.
///
/// # Errors
/// As every statement.
pub async fn by_ids(conn: &Conn, ids: &[i64]) -> Result<Vec<Ticket>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(on!(conn, |c| tickets::table
        .filter(one_of(tickets::id, ids))
        .select(Ticket::as_select())
        .load(c)
        .await)?)
}

/// Tickets by their ids, which nobody else changes until this transaction ends.
///
/// # Errors
/// As every statement.
pub async fn lock(tx: &Tx, ids: &[i64]) -> Result<Vec<Ticket>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let conn: &Conn = tx;
    Ok(lock!(
        conn,
        tickets::table
            .filter(one_of(tickets::id, ids))
            .select(Ticket::as_select())
            .order(tickets::id)
    )?)
}

/// The ids of these conversations' tickets.
///
/// # Errors
/// As every statement.
pub async fn of_conversations(
    conn: &Conn,
    channel: StoredKind,
    external_ids: &[String],
) -> Result<Vec<i64>> {
    if external_ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(on!(conn, |c| tickets::table
        .filter(tickets::channel.eq(channel))
        .filter(one_of(tickets::external_id, external_ids))
        .select(tickets::id)
        .load(c)
        .await)?)
}

/// For each of these contacts the tickets on `channel` that may take their next message: the newest
/// open one, and the newest of those closed after `closed_since`.
///
/// # Errors
/// As every statement.
pub async fn current(
    conn: &Conn,
    channel: StoredKind,
    contact_ids: &[i64],
    closed_since: Millis,
) -> Result<Vec<Ticket>> {
    find_current(conn, channel, contact_ids, closed_since, "").await
}

/// The same, and nobody else changes them until this transaction ends.
///
/// # Errors
/// As every statement.
pub async fn lock_current(
    tx: &Tx,
    channel: StoredKind,
    contact_ids: &[i64],
    closed_since: Millis,
) -> Result<Vec<Ticket>> {
    let lock = if tx.is_postgres() { "ORDER BY tickets.id FOR UPDATE OF tickets" } else { "" };
    find_current(tx, channel, contact_ids, closed_since, lock).await
}

/// One contact after the other, in the indexes of open and of closed tickets.
async fn find_current(
    conn: &Conn,
    channel: StoredKind,
    contact_ids: &[i64],
    closed_since: Millis,
    lock: &str,
) -> Result<Vec<Ticket>> {
    if contact_ids.is_empty() {
        return Ok(Vec::new());
    }
    let newest = |contact: &str, p: &str| {
        let theirs = format!("FROM tickets WHERE contact_id = {contact} AND channel = {p}2");
        format!(
            "SELECT max(id) AS id {theirs} AND status <> 'closed'
             UNION ALL SELECT max(id) {theirs} AND status = 'closed' AND closed_at > {p}3"
        )
    };
    let sql = if conn.is_postgres() {
        format!(
            "SELECT tickets.* FROM json_array_elements_text($1::json) AS given (contact)
             CROSS JOIN LATERAL ({}) AS newest
             JOIN tickets ON tickets.id = newest.id {lock}",
            newest("given.contact::bigint", "$")
        )
    } else {
        format!(
            "SELECT tickets.* FROM json_each(?1) AS given JOIN tickets ON tickets.id IN ({})",
            newest("given.value", "?")
        )
    };
    let ids = as_json(contact_ids);
    Ok(on!(conn, |c| Prepared::new(&sql)
        .text(&ids)
        .text(channel.0.as_str())
        .number(closed_since)
        .load(c)
        .await)?)
}

/// As an index has it.
const OPEN: Fixed = Fixed("tickets.status <> 'closed'");

/// The ids of a contact's open tickets, on all channels.
///
/// # Errors
/// As every statement.
pub async fn open_of_contact(conn: &Conn, contact_id: i64) -> Result<Vec<i64>> {
    Ok(on!(conn, |c| tickets::table
        .filter(tickets::contact_id.eq(contact_id))
        .filter(OPEN)
        .order(tickets::id)
        .select(tickets::id)
        .load(c)
        .await)?)
}

/// Open tickets that nobody wrote to since `silent_since`, that no human was ever called to or has
/// taken, and that the assistant has answered.
///
/// # Errors
/// As every statement.
pub async fn silent(conn: &Conn, silent_since: Millis, limit: i64) -> Result<Vec<i64>> {
    let by = |authors: &'static [Author]| {
        messages::table
            .filter(messages::ticket_id.eq(tickets::id))
            .filter(messages::author.eq_any(authors))
    };
    Ok(on!(conn, |c| tickets::table
        .filter(tickets::status.eq_any([Status::New, Status::InProgress]))
        .filter(tickets::updated_at.lt(silent_since))
        .filter(tickets::escalated_at.is_null())
        .filter(tickets::operator.is_null())
        .filter(exists(by(&[Author::Assistant, Author::System])))
        .filter(not(exists(by(&[Author::Operator]))))
        .select(tickets::id)
        .limit(limit)
        .load(c)
        .await)?)
}

rows!(
    Ticket,
    tickets,
    [
        contact_id,
        subject,
        status,
        priority,
        category,
        department,
        needs_escalation,
        escalation_reason,
        escalated_at,
        is_auto_solved,
        operator,
        taken_by,
        version,
        updated_at,
        first_response_at,
        closed_at,
        reopened_at
    ]
);
