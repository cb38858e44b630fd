//! Reading events, for tests: the product itself only writes them yet.

use diesel::prelude::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use crate::clock::Millis;
use crate::store::conn::on;
use crate::store::schema::events;
use crate::store::{Conn, Result};

/// Something that happened.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = events)]
pub struct Event {
    /// Its place in the sequence.
    pub id: i64,
    /// What happened, such as `ticket.created`.
    pub kind: String,
    /// The ticket it happened to.
    pub ticket_id: Option<i64>,
    /// What the outside is told.
    pub payload: Value,
    /// When.
    pub created_at: Millis,
}

/// Events of a ticket, oldest first.
///
/// # Errors
/// As every statement.
pub async fn of_ticket(conn: &Conn, ticket_id: i64) -> Result<Vec<Event>> {
    Ok(on!(conn, |c| events::table
        .filter(events::ticket_id.eq(ticket_id))
        .order(events::id)
        .select(Event::as_select())
        .load(c)
        .await)?)
}
