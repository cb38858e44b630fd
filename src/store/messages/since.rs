//! What was said in a ticket after a message, or a moment.

use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;

use crate::clock::Millis;
use crate::store::conn::on;
use crate::store::names::Author;
use crate::store::one_of::one_of;
use crate::store::schema::messages;
use crate::store::{Conn, Result};

/// What the customer wrote to this ticket after message `id`, at most 100 messages.
///
/// # Errors
/// As every statement.
pub async fn of_customer_after(conn: &Conn, ticket_id: i64, id: i64) -> Result<Vec<i64>> {
    Ok(on!(conn, |c| messages::table
        .filter(messages::ticket_id.eq(ticket_id))
        .filter(messages::id.gt(id))
        .filter(messages::author.eq(Author::Customer))
        .select(messages::id)
        .limit(100)
        .load(c)
        .await)?)
}

/// Whether an operator has answered in this ticket after message `id`.
///
/// # Errors
/// As every statement.
pub async fn operator_wrote_after(conn: &Conn, ticket_id: i64, id: i64) -> Result<bool> {
    let found: Option<i64> = on!(conn, |c| messages::table
        .filter(messages::ticket_id.eq(ticket_id))
        .filter(messages::id.gt(id))
        .filter(messages::author.eq(Author::Operator))
        .select(messages::id)
        .first(c)
        .await
        .optional())?;
    Ok(found.is_some())
}

/// How many answers the assistant has given in this ticket after `since`.
///
/// # Errors
/// As every statement.
pub async fn answers_since(conn: &Conn, ticket_id: i64, since: Millis) -> Result<i64> {
    Ok(on!(conn, |c| messages::table
        .filter(messages::ticket_id.eq(ticket_id))
        .filter(messages::author.eq(Author::Assistant))
        .filter(messages::created_at.gt(since))
        .count()
        .get_result(c)
        .await)?)
}

/// Whether the engine has said one of these texts in this ticket after `since`.
///
/// # Errors
/// As every statement.
pub async fn was_said_since(
    conn: &Conn,
    ticket_id: i64,
    texts: &[String],
    since: Millis,
) -> Result<bool> {
    let found: Vec<i64> = on!(conn, |c| messages::table
        .filter(messages::ticket_id.eq(ticket_id))
        .filter(messages::author.eq(Author::System))
        .filter(messages::created_at.gt(since))
        .filter(one_of(messages::text, texts))
        .select(messages::id)
        .limit(1)
        .load(c)
        .await)?;
    Ok(!found.is_empty())
}
