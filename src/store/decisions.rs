//! What was decided in each turn. Of a customer's message there is one row at most with what they
//! were told, and one at most of a turn that ended unsaid, as a draft or dropped.
//!
//! A message with a row of the first kind is *decided*: nothing more is said to it. Rows are
//! deleted when they are old (`jobs/purge.rs`).

use diesel::prelude::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper,
};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;

use super::conn::on;
use super::insert::rows;
use super::names::{Outcome, Priority, Stale, Status};
use super::one_of::one_of;
use super::schema::decisions;
use super::{Conn, Payload, Result, Tx};
use crate::clock::Millis;

/// One turn's outcome.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = decisions, treat_none_as_default_value = false)]
pub struct Decision {
    /// The customer's message; unique together with whether there is a reply.
    pub message_id: i64,
    /// Its ticket.
    pub ticket_id: i64,
    /// The answer that the customer got; none where nothing was said.
    pub reply_id: Option<i64>,
    /// What came of it.
    pub outcome: Outcome,
    /// Why the customer did not get it.
    pub stale: Option<Stale>,
    /// Who decided: `builtin`, `model`, or `engine` for what it says by itself.
    pub assistant: String,
    /// That an operator must come. Where something was said, this turn called one.
    pub needs_escalation: bool,
    /// Why.
    pub reason: Option<String>,
    /// What the message is about.
    pub category: Option<String>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// Who should deal with it.
    pub department: Option<String>,
    /// The message's language.
    pub language: Option<String>,
    /// Ids of the articles that the answer is made of.
    pub sources: Value,
    /// What led to it, as the assistant gave it.
    pub basis: Payload,
    /// The ticket's status after this turn.
    pub ticket_status: Status,
    /// How long the assistant thought, in milliseconds.
    pub latency_ms: i64,
    /// When.
    pub created_at: Millis,
}

/// What was decided on this message and said, where anything was.
///
/// # Errors
/// As every statement.
pub async fn of_message(conn: &Conn, message_id: i64) -> Result<Option<Decision>> {
    Ok(on!(conn, |c| decisions::table
        .filter(decisions::message_id.eq(message_id))
        .filter(decisions::reply_id.is_not_null())
        .select(Decision::as_select())
        .first(c)
        .await
        .optional())?)
}

/// Which of these messages were decided on.
///
/// # Errors
/// As every statement.
pub async fn decided(conn: &Conn, message_ids: &[i64]) -> Result<Vec<i64>> {
    Ok(on!(conn, |c| decisions::table
        .filter(one_of(decisions::message_id, message_ids))
        .filter(decisions::reply_id.is_not_null())
        .select(decisions::message_id)
        .load(c)
        .await)?)
}

/// All decisions on these messages, in the order of the messages, and of each in the order in which
/// they were made.
///
/// # Errors
/// As every statement.
pub async fn of_messages(conn: &Conn, message_ids: &[i64]) -> Result<Vec<Decision>> {
    Ok(on!(conn, |c| decisions::table
        .filter(one_of(decisions::message_id, message_ids))
        .select(Decision::as_select())
        .order((decisions::message_id, decisions::id))
        .load(c)
        .await)?)
}

/// What must be known of a decision to delete it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = decisions)]
pub struct Aged {
    /// Its id.
    pub id: i64,
    /// Its ticket.
    pub ticket_id: i64,
    /// When it was made.
    pub created_at: Millis,
}

/// The first `limit` decisions with a larger id than `after`. Their ids grow with their age, give or
/// take a transaction: an index on the age would cost every message something.
///
/// # Errors
/// As every statement.
pub async fn oldest(conn: &Conn, after: i64, limit: i64) -> Result<Vec<Aged>> {
    Ok(on!(conn, |c| decisions::table
        .filter(decisions::id.gt(after))
        .select(Aged::as_select())
        .order(decisions::id)
        .limit(limit)
        .load(c)
        .await)?)
}

/// Deletes decisions.
///
/// # Errors
/// As every statement.
pub async fn delete(tx: &Tx, ids: &[i64]) -> Result<()> {
    let conn: &Conn = tx;
    on!(conn, |c| diesel::delete(decisions::table)
        .filter(one_of(decisions::id, ids))
        .execute(c)
        .await)?;
    Ok(())
}

rows!(Decision, decisions);
