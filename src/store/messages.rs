//! What was said in tickets.

mod since;

use diesel::prelude::{
    ExpressionMethods, Identifiable, Insertable, OptionalExtension, QueryDsl, Queryable,
    QueryableByName, Selectable, SelectableHelper,
};
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;

use super::conn::on;
use super::insert::rows;
use super::names::{Author, DeliveryState};
use super::one_of::one_of;
use super::prepared::{Prepared, as_json};
use super::schema::messages;
use super::tickets::Ticket;
use super::{Conn, Result, StoredKind, Tx};
use crate::clock::Millis;

pub use since::{answers_since, of_customer_after, operator_wrote_after, was_said_since};

/// One message of a ticket.
#[derive(
    Clone, Debug, Queryable, QueryableByName, Selectable, Insertable, Serialize, Identifiable,
)]
#[diesel(table_name = messages, treat_none_as_default_value = false)]
pub struct Message {
    /// Its id; later messages have larger ones.
    pub id: i64,
    /// The ticket it belongs to.
    pub ticket_id: i64,
    /// Who wrote it.
    pub author: Author,
    /// The person's name, where a person of the company wrote it.
    pub operator: Option<String>,
    /// What was written.
    pub text: String,
    /// The same with its safe markup, where it had one.
    pub html: Option<String>,
    /// The ticket's channel, here for the unique key with `external_id`.
    pub channel: StoredKind,
    /// The message's own id on its channel.
    pub external_id: Option<String>,
    /// The message of ours that this one answers.
    pub in_reply_to: Option<i64>,
    /// How far it has come; none for what came in.
    pub delivery_state: Option<DeliveryState>,
    /// Why it did not arrive, for the operator.
    pub delivery_error: Option<String>,
    /// The customer's thumb: 1 or -1.
    pub rating: Option<i64>,
    /// Whatever else the channel said with it.
    pub metadata: Option<Value>,
    /// Where its raw form is kept.
    pub raw_key: Option<String>,
    /// When we stored it.
    pub created_at: Millis,
}

impl Message {
    /// A message with nothing but its words; what else it has, its author's side adds.
    #[must_use]
    pub fn new(id: i64, ticket: &Ticket, author: Author, text: String, now: Millis) -> Self {
        Self {
            id,
            ticket_id: ticket.id,
            author,
            operator: None,
            text,
            html: None,
            channel: ticket.channel,
            external_id: None,
            in_reply_to: None,
            delivery_state: None,
            delivery_error: None,
            rating: None,
            metadata: None,
            raw_key: None,
            created_at: now,
        }
    }
}

/// Messages by their ids.
///
/// # Errors
/// As every statement.
pub async fn by_ids(conn: &Conn, ids: &[i64]) -> Result<Vec<Message>> {
    Ok(on!(conn, |c| messages::table
        .filter(one_of(messages::id, ids))
        .select(Message::as_select())
        .load(c)
        .await)?)
}

/// One message.
///
/// # Errors
/// As every statement.
pub async fn get(conn: &Conn, id: i64) -> Result<Option<Message>> {
    Ok(on!(conn, |c| messages::table
        .find(id)
        .select(Message::as_select())
        .first(c)
        .await
        .optional())?)
}

/// Messages that came in before under one of these ids.
///
/// # Errors
/// As every statement.
pub async fn find_by_external_id(
    conn: &Conn,
    channel: StoredKind,
    external_ids: &[String],
) -> Result<Vec<Message>> {
    if external_ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(on!(conn, |c| messages::table
        .filter(messages::channel.eq(channel))
        .filter(one_of(messages::external_id, external_ids))
        .select(Message::as_select())
        .load(c)
        .await)?)
}

/// The newest `limit` messages of a ticket, oldest first; only those before `before`, where given.
///
/// # Errors
/// As every statement.
pub async fn newest(
    conn: &Conn,
    ticket_id: i64,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Message>> {
    let mut rows: Vec<Message> = on!(conn, |c| messages::table
        .filter(messages::ticket_id.eq(ticket_id))
        .filter(messages::id.lt(before.unwrap_or(i64::MAX)))
        .select(Message::as_select())
        .order(messages::id.desc())
        .limit(limit)
        .load(c)
        .await)?;
    rows.reverse();
    Ok(rows)
}

/// What was said in a ticket, and by whom.
#[derive(Debug, QueryableByName)]
pub struct Line {
    /// Where it was said.
    #[diesel(sql_type = BigInt)]
    pub ticket_id: i64,
    /// By whom.
    #[diesel(sql_type = Text)]
    pub author: Author,
    /// What.
    #[diesel(sql_type = Text)]
    pub text: String,
    /// When.
    #[diesel(sql_type = BigInt)]
    pub created_at: Millis,
}

/// The newest `limit` messages of each of these tickets, oldest first.
///
/// # Errors
/// As every statement.
pub async fn newest_of(conn: &Conn, tickets: &[i64], limit: i64) -> Result<Vec<Line>> {
    if tickets.is_empty() {
        return Ok(Vec::new());
    }
    let newest = newest_in(limit, conn.is_postgres());
    let sql =
        format!("SELECT ticket_id, author, text, created_at FROM {newest} ORDER BY messages.id");
    let tickets = as_json(tickets);
    Ok(on!(conn, |c| Prepared::new(&sql).text(&tickets).load(c).await)?)
}

/// The texts of the newest `limit` messages of each of these tickets, newest first, until they have
/// `characters` together: the last of them is cut off somewhere behind that, and older ones are not
/// read.
///
/// # Errors
/// As every statement.
pub async fn newest_texts_of(
    conn: &Conn,
    tickets: &[i64],
    limit: i64,
    characters: usize,
) -> Result<Vec<(i64, String)>> {
    let newest = newest_in(limit, conn.is_postgres());
    let tickets = as_json(tickets);
    // Most tickets are short, and need no adding up from message to message.
    let longest = format!(
        "SELECT sum(length(text)) AS characters FROM {newest}
         GROUP BY ticket_id ORDER BY characters DESC LIMIT 1"
    );
    let longest: Vec<Length> = on!(conn, |c| Prepared::new(&longest).text(&tickets).load(c).await)?;
    let is_long =
        longest.iter().any(|ticket| usize::try_from(ticket.characters).unwrap_or(0) > characters);
    let whole =
        format!("SELECT ticket_id, text FROM {newest} ORDER BY ticket_id, messages.id DESC");
    let cut = format!(
        "SELECT ticket_id, substr(text, 1, {characters}) AS text FROM (
             SELECT messages.id, ticket_id, text,
                    sum(length(text)) OVER (PARTITION BY ticket_id ORDER BY messages.id DESC)
                        - length(text) AS newer
             FROM {newest}
         ) AS counted
         WHERE newer < {characters} ORDER BY ticket_id, id DESC"
    );
    let sql = if is_long { &cut } else { &whole };
    let rows: Vec<Words> = on!(conn, |c| Prepared::new(sql).text(&tickets).load(c).await)?;
    Ok(rows.into_iter().map(|row| (row.ticket_id, row.text)).collect())
}

/// The newest messages of the tickets in a JSON array, the only value that is bound, and no more than
/// that, as the end of a `FROM`. Each database has its own way to say so.
fn newest_in(limit: i64, is_postgres: bool) -> String {
    let given = if is_postgres { "given.ticket::bigint" } else { "given.value" };
    let newest = format!("FROM messages WHERE ticket_id = {given} ORDER BY id DESC LIMIT {limit}");
    if is_postgres {
        format!(
            "json_array_elements_text($1::json) AS given (ticket)
             CROSS JOIN LATERAL (SELECT * {newest}) AS messages"
        )
    } else {
        format!(
            "json_each(?1) AS given
             CROSS JOIN messages ON messages.id IN (SELECT id {newest})"
        )
    }
}

#[derive(QueryableByName)]
struct Length {
    #[diesel(sql_type = BigInt)]
    characters: i64,
}

#[derive(QueryableByName)]
struct Words {
    #[diesel(sql_type = BigInt)]
    ticket_id: i64,
    #[diesel(sql_type = Text)]
    text: String,
}

/// The id of the last message that the customer wrote to this ticket.
///
/// # Errors
/// As every statement.
pub async fn last_of_customer(conn: &Conn, ticket_id: i64) -> Result<Option<i64>> {
    Ok(on!(conn, |c| messages::table
        .filter(messages::ticket_id.eq(ticket_id))
        .filter(messages::author.eq(Author::Customer))
        .order(messages::id.desc())
        .select(messages::id)
        .first(c)
        .await
        .optional())?)
}

/// The ids of the newest `limit` messages that the customer wrote to this ticket; only those before
/// `before`, where given.
///
/// # Errors
/// As every statement.
pub async fn newest_of_customer(
    conn: &Conn,
    ticket_id: i64,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<i64>> {
    Ok(on!(conn, |c| messages::table
        .filter(messages::ticket_id.eq(ticket_id))
        .filter(messages::id.lt(before.unwrap_or(i64::MAX)))
        .filter(messages::author.eq(Author::Customer))
        .select(messages::id)
        .order(messages::id.desc())
        .limit(limit)
        .load(c)
        .await)?)
}

/// The newest `limit` messages that the customer may see, oldest first: no notes, no drafts.
///
/// # Errors
/// As every statement.
pub async fn newest_said(conn: &Conn, ticket_id: i64, limit: i64) -> Result<Vec<Message>> {
    let mut rows: Vec<Message> = on!(conn, |c| messages::table
        .filter(messages::ticket_id.eq(ticket_id))
        .filter(messages::author.ne_all([Author::Note, Author::Draft]))
        .select(Message::as_select())
        .order(messages::id.desc())
        .limit(limit)
        .load(c)
        .await)?;
    rows.reverse();
    Ok(rows)
}

/// Moves an answer to another delivery state.
///
/// # Errors
/// As every statement.
pub async fn set_delivery(
    tx: &Tx,
    id: i64,
    state: DeliveryState,
    error: Option<&str>,
    external_id: Option<&str>,
) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::update(messages::table.find(id))
        .set((
            messages::delivery_state.eq(state),
            messages::delivery_error.eq(error),
            external_id.map(|external_id| messages::external_id.eq(external_id)),
        ))
        .execute(c)
        .await)?;
    Ok(())
}

/// Marks what was pending for a reader of this ticket as delivered, up to message `up_to`.
///
/// # Errors
/// As every statement.
pub async fn mark_delivered(tx: &Tx, ticket_id: i64, up_to: i64) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::update(messages::table)
        .filter(messages::ticket_id.eq(ticket_id))
        .filter(messages::id.le(up_to))
        .filter(messages::delivery_state.eq(DeliveryState::Pending))
        .set(messages::delivery_state.eq(DeliveryState::Delivered))
        .execute(c)
        .await)?;
    Ok(())
}

rows!(Message, messages);
