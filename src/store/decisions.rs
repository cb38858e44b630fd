//! What was decided in each turn: one row for each customer's message that was dealt with, and
//! never a second one.

use diesel::prelude::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable,
    SelectableHelper,
};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;

use super::conn::on;
use super::insert::rows;
use super::names::{Priority, Status};
use super::one_of::one_of;
use super::schema::decisions;
use super::{Conn, Result};
use crate::clock::Millis;

/// One turn's outcome.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = decisions, treat_none_as_default_value = false)]
pub struct Decision {
    /// The customer's message; unique.
    pub message_id: i64,
    /// Its ticket.
    pub ticket_id: i64,
    /// The answer that the customer got; none where nothing was said.
    pub reply_id: Option<i64>,
    /// Who decided: `builtin`, `model`, or `engine` for acknowledgements.
    pub assistant: String,
    /// This turn called an operator.
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
    /// The ticket's status after this turn.
    pub ticket_status: Status,
    /// How long the assistant thought, in milliseconds.
    pub latency_ms: i64,
    /// When.
    pub created_at: Millis,
}

/// The decision on this message, where there is one.
///
/// # Errors
/// As every statement.
pub async fn of_message(conn: &Conn, message_id: i64) -> Result<Option<Decision>> {
    Ok(on!(conn, |c| decisions::table
        .filter(decisions::message_id.eq(message_id))
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
        .select(decisions::message_id)
        .load(c)
        .await)?)
}

rows!(Decision, decisions);
