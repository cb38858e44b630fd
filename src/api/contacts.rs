//! Customers.

use axum::Json;
use axum::extract::{Path, State};
use centrium_channels::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use super::ids::number;
use super::page;
use super::query::Query;
use super::refusal::{ErrorOut, Refused};
use crate::clock::rfc3339;
use crate::engine::Engine;
use crate::store::contacts::{self, Contact, Identity};
use crate::store::tickets::{self, Filter};
use crate::tickets::block;
use crate::tickets::shapes::{ContactOut, TicketOut};

/// Tickets of a contact that are shown.
const TICKETS: i64 = 200;

/// A customer.
#[derive(Serialize, ToSchema)]
pub(super) struct ContactRecord {
    #[serde(flatten)]
    contact: ContactOut,
    /// The language last written in.
    language: Option<String>,
    /// What they write is stored, and nobody answers or is told.
    is_blocked: bool,
    /// When we first heard of them.
    created_at: String,
    /// When anything of this last changed.
    updated_at: String,
}

/// A page of customers.
#[derive(Serialize, ToSchema)]
pub(super) struct ContactPage {
    /// Newest first.
    items: Vec<ContactRecord>,
    /// Give it as `after` for the next page; null on the last one.
    next: Option<String>,
}

/// A customer with their tickets.
#[derive(Serialize, ToSchema)]
pub(super) struct ContactWithTickets {
    #[serde(flatten)]
    contact: ContactRecord,
    /// Newest activity first, 200 at most.
    tickets: Vec<TicketOut>,
}

impl ContactRecord {
    fn new(contact: Contact, identities: &[Identity]) -> Self {
        Self {
            language: contact.language.clone(),
            is_blocked: contact.is_blocked,
            created_at: rfc3339(contact.created_at),
            updated_at: rfc3339(contact.updated_at),
            contact: ContactOut::new(contact, identities),
        }
    }
}

/// List contacts
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/api/contacts",
    tag = "Contacts",
    security(("api_token" = [])),
    params(
        ("q" = Option<String>, Query, description = "Words, or parts of words of at least two \
            characters, of a name, an e-mail address, a phone number or an id on a channel, in either \
            case: all of them must be there. What is new is found a moment later"),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 200,
            description = "1 to 200; 50 when it is not given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of contacts", body = ContactPage),
        (status = 400, description = "A wrong limit or cursor", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn list_contacts(
    State(engine): State<Engine>,
    query: Query,
) -> Result<Json<ContactPage>, Problem> {
    let limit = page::limit(query.get("limit"))?;
    let after = query.get("after").map(page::decode).transpose()?;
    let words = query.search()?.map(str::to_owned);

    let (conn, turn) = engine.store.read_or_search(words.is_some()).await?;
    let page = async move {
        let _turn = turn;
        let before = after.map(|(_, id)| id);
        let mut rows = contacts::search(&conn, words.as_deref(), before, limit + 1).await?;
        let next = page::cut(&mut rows, limit, |last| (last.created_at, last.id));
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let identities = contacts::identities_of(&conn, &ids).await?;
        let items = rows.into_iter().map(|row| ContactRecord::new(row, &identities)).collect();
        Ok(Json(ContactPage { items, next }))
    };
    engine.store.in_a_row(page).await
}

/// Show a contact with its tickets
#[utoipa::path(
    get,
    path = "/api/contacts/{id}",
    tag = "Contacts",
    security(("api_token" = [])),
    params(("id" = i64, Path, description = "The contact's number")),
    responses(
        (status = 200, description = "The contact", body = ContactWithTickets),
        (status = 400, description = "The address is not as it should be", body = ErrorOut),
        (status = 404, description = "There is no such contact", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn show_contact(
    State(engine): State<Engine>,
    Path(id): Path<String>,
) -> Result<Json<ContactWithTickets>, Problem> {
    let id = number(&id, "contact")?;
    let conn = engine.store.read().await?;
    let shown = async move {
        let row = contacts::get(&conn, id).await?;
        let row = row.ok_or_else(|| Problem::not_found("There is no such contact."))?;
        let identities = contacts::identities_of(&conn, &[id]).await?;
        let filter = Filter { contact_id: Some(id), ..Filter::default() };
        let tickets = tickets::list(&conn, &filter, TICKETS).await?;
        let tickets = TicketOut::load(&conn, tickets).await?;
        Ok(Json(ContactWithTickets { contact: ContactRecord::new(row, &identities), tickets }))
    };
    engine.store.in_a_row(shown).await
}

/// Block a contact
///
/// Its open tickets close. What it writes from now on is stored on a closed ticket, and nobody
/// answers or is told.
#[utoipa::path(
    post,
    path = "/api/contacts/{id}/block",
    tag = "Contacts",
    security(("api_token" = [])),
    params(("id" = i64, Path, description = "The contact's number")),
    responses(
        (status = 200, description = "The contact as it is now", body = ContactRecord),
        (status = 400, description = "The address is not as it should be", body = ErrorOut),
        (status = 404, description = "There is no such contact", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn block_contact(
    State(engine): State<Engine>,
    Path(id): Path<String>,
) -> Result<Json<ContactRecord>, Problem> {
    let contact = block::block(&engine, number(&id, "contact")?).await?;
    record(&engine, contact).await
}

/// Unblock a contact
///
/// Its tickets stay closed until it writes.
#[utoipa::path(
    post,
    path = "/api/contacts/{id}/unblock",
    tag = "Contacts",
    security(("api_token" = [])),
    params(("id" = i64, Path, description = "The contact's number")),
    responses(
        (status = 200, description = "The contact as it is now", body = ContactRecord),
        (status = 400, description = "The address is not as it should be", body = ErrorOut),
        (status = 404, description = "There is no such contact", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn unblock_contact(
    State(engine): State<Engine>,
    Path(id): Path<String>,
) -> Result<Json<ContactRecord>, Problem> {
    let contact = block::unblock(&engine, number(&id, "contact")?).await?;
    record(&engine, contact).await
}

async fn record(engine: &Engine, contact: Contact) -> Result<Json<ContactRecord>, Problem> {
    let conn = engine.store.read().await?;
    let identities = contacts::identities_of(&conn, &[contact.id]).await?;
    Ok(Json(ContactRecord::new(contact, &identities)))
}
