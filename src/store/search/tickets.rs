//! The documents of tickets: numbers, subject, who it is, and what was said last.

use diesel::prelude::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;

use super::{Documents, wanted, words};
use crate::store::conn::on;
use crate::store::schema::tickets;
use crate::store::tickets::Ticket;
use crate::store::{Conn, Result, contacts, messages};

/// Where they are kept.
pub(super) const TABLE: Documents = Documents {
    name: "ticket_search",
    id: "ticket_id",
    made_of: |text| format!("to_tsvector('simple', {text})"),
};
/// Messages of a ticket that are searched: the newest ones.
const MESSAGES: i64 = 200;
/// Characters of a ticket's document.
const DOCUMENT: usize = 100_000;
/// Tickets whose messages are read together.
const READ: usize = 8;
/// Bytes of documents that are written together, and so held in memory.
const TOGETHER: usize = 4 * 1024 * 1024;

/// A condition on `tickets` that they hold every word of `text`, or words that begin with them: SQL,
/// to be followed by a bound text and `))`, and that text. `None` where `text` has no word.
pub(in crate::store) fn condition(text: &str, is_postgres: bool) -> Option<(&'static str, String)> {
    let is_held = if is_postgres {
        "tickets.id IN (SELECT ticket_id FROM ticket_search
                        WHERE document @@ to_tsquery('simple', "
    } else {
        "tickets.id IN (SELECT rowid FROM ticket_search WHERE ticket_search MATCH ("
    };
    wanted(text, is_postgres).map(|wanted| (is_held, wanted))
}

/// Tickets that wait for their documents.
pub(super) async fn behind(conn: &Conn, limit: i64) -> Result<Vec<Ticket>> {
    Ok(on!(conn, |c| tickets::table
        .filter(tickets::indexed_version.lt(tickets::version))
        .order(tickets::id)
        .limit(limit)
        .select(Ticket::as_select())
        .load(c)
        .await)?)
}

/// The documents of these tickets, or of as many of them as fit into memory together.
pub(super) async fn documents(conn: &Conn, behind: &[Ticket]) -> Result<Vec<(i64, String)>> {
    if behind.is_empty() {
        return Ok(Vec::new());
    }
    let contact_ids: Vec<i64> = behind.iter().map(|ticket| ticket.contact_id).collect();
    let contacts = contacts::by_ids(conn, &contact_ids).await?;
    let identities = contacts::identities_of(conn, &contact_ids).await?;
    let mut documents = Vec::with_capacity(behind.len());
    let mut bytes = 0;
    for some in behind.chunks(READ) {
        let ids: Vec<i64> = some.iter().map(|ticket| ticket.id).collect();
        let texts = messages::newest_texts_of(conn, &ids, MESSAGES, DOCUMENT).await?;
        for ticket in some {
            let mut parts = vec![ticket.id.to_string()];
            parts.extend(ticket.subject.clone());
            parts.extend(ticket.external_id.clone());
            let contact = contacts.iter().find(|contact| contact.id == ticket.contact_id);
            parts.extend(contact.map(|contact| contact.search_text.clone()));
            let theirs = identities.iter().filter(|name| name.contact_id == ticket.contact_id);
            parts.extend(theirs.map(|name| name.identifier.clone()));
            parts.extend(texts.iter().filter(|(id, _)| *id == ticket.id).map(|(_, t)| t.clone()));
            let text = parts.join(" ").to_lowercase();
            let short: String = text.chars().take(DOCUMENT).collect();
            let document = words(&short).join(" ");
            bytes += document.len();
            documents.push((ticket.id, document));
        }
        if bytes > TOGETHER {
            break;
        }
    }
    Ok(documents)
}
