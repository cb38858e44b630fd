//! Tickets: the list, and one with its messages.

use axum::Json;
use axum::extract::{Path, State};
use centrium_channels::{ChannelKind, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use super::ids::number;
use super::page;
use super::query::Query;
use super::refusal::{ErrorOut, Refused};
use crate::engine::Engine;
use crate::store::tickets::{Filter, Ticket};
use crate::store::{Conn, StoredKind, messages, tickets};
use crate::tickets::shapes::{MessageOut, TicketOut};
use crate::tickets::{Priority, Status};

/// Messages of a ticket that are shown at once.
const MESSAGES: i64 = 200;

/// A page of tickets.
#[derive(Serialize, ToSchema)]
pub(super) struct TicketPage {
    /// Newest activity first.
    items: Vec<TicketOut>,
    /// Give it as `after` for the next page; null on the last one.
    next: Option<String>,
}

/// A ticket with its messages.
#[derive(Serialize, ToSchema)]
pub(super) struct TicketWithMessages {
    #[serde(flatten)]
    ticket: TicketOut,
    /// Oldest first; the newest 200, or the newest 200 before `before`.
    messages: Vec<MessageOut>,
}

/// List tickets
///
/// Newest activity first. Filters go together; an unknown value of one is refused.
#[utoipa::path(
    get,
    path = "/api/tickets",
    tag = "Tickets",
    security(("api_token" = [])),
    params(
        ("status" = Option<Status>, Query, description = "Only with this status"),
        ("channel" = Option<ChannelKind>, Query, description = "Only of this channel"),
        ("priority" = Option<Priority>, Query, description = "Only with this priority"),
        ("category" = Option<String>, Query, description = "Only of this category"),
        ("operator" = Option<String>, Query, description = "Only this operator's"),
        ("escalated" = Option<bool>, Query, description = "Whether a human is called for"),
        ("q" = Option<String>, Query, description = "Words of messages, subject or customer; \
            beginnings of words are enough"),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 200,
            description = "1 to 200; 50 when it is not given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of tickets", body = TicketPage),
        (status = 400, description = "An unknown value of a filter, a wrong limit or cursor",
            body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn list_tickets(
    State(engine): State<Engine>,
    query: Query,
) -> Result<Json<TicketPage>, Problem> {
    let limit = page::limit(query.get("limit"))?;
    let filter = filter(&engine, &query)?;

    let (conn, turn) = engine.store.read_or_search(filter.text.is_some()).await?;
    let page = async move {
        let _turn = turn;
        // One more than is shown tells whether there is a next page.
        let mut rows = tickets::list(&conn, &filter, limit + 1).await?;
        let next = page::cut(&mut rows, limit, |last| (last.updated_at, last.id));
        Ok(Json(TicketPage { items: TicketOut::load(&conn, rows).await?, next }))
    };
    engine.store.in_a_row(page).await
}

fn filter(engine: &Engine, query: &Query) -> Result<Filter, Problem> {
    Ok(Filter {
        status: query.one_of("status")?,
        channel: query.one_of("channel")?.map(StoredKind),
        priority: query.one_of("priority")?,
        category: query.word_of("category", engine.live.now().prompts.categories())?,
        operator: query.get("operator").map(str::to_owned),
        escalated: match query.get("escalated") {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => return Err(Problem::bad_request("escalated is either true or false.")),
        },
        text: query.search()?.map(str::to_owned),
        contact_id: None,
        after: query.get("after").map(page::decode).transpose()?,
    })
}

/// Show a ticket with its messages
#[utoipa::path(
    get,
    path = "/api/tickets/{id}",
    tag = "Tickets",
    security(("api_token" = [])),
    params(
        ("id" = i64, Path, description = "The ticket's number"),
        ("before" = Option<i64>, Query, description = "Only messages before the one of this id"),
    ),
    responses(
        (status = 200, description = "The ticket", body = TicketWithMessages),
        (status = 400, description = "`before` is no id", body = ErrorOut),
        (status = 404, description = "There is no such ticket", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn show_ticket(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<TicketWithMessages>, Problem> {
    let (id, before) = (number(&id, "ticket")?, before(&query)?);

    let conn = engine.store.read().await?;
    let shown = async move {
        let row = tickets::get(&conn, id).await?.ok_or_else(no_ticket)?;
        let ticket = shape(&conn, row).await?;
        let rows = messages::newest(&conn, id, before, MESSAGES).await?;
        let messages = MessageOut::load(&conn, rows).await?;
        Ok(Json(TicketWithMessages { ticket, messages }))
    };
    engine.store.in_a_row(shown).await
}

/// The message before which those stand that are asked for.
pub(super) fn before(query: &Query) -> Result<Option<i64>, Problem> {
    let before = query.get("before").map(str::parse).transpose();
    before.map_err(|_| Problem::bad_request("before must be the id of a message."))
}

/// The shape of one ticket.
pub(super) async fn shape(conn: &Conn, ticket: Ticket) -> Result<TicketOut, Problem> {
    TicketOut::load(conn, vec![ticket]).await?.pop().ok_or_else(no_ticket)
}

pub(super) fn no_ticket() -> Problem {
    Problem::not_found("There is no such ticket.")
}
