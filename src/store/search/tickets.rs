//! The documents of tickets: numbers, subject, who it is, and what was said last.

use std::collections::HashSet;

use diesel::prelude::{ExpressionMethods, QueryDsl, QueryableByName, SelectableHelper};
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::{Documents, fold, holds, wanted, words};
use crate::store::conn::on;
use crate::store::prepared::{Prepared, as_json};
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
const READ: usize = 32;
/// Bytes of texts whose documents are written together, and so held in memory.
const TOGETHER: usize = 4 * 1024 * 1024;

/// Words that are looked for in tickets, each of them or one that begins with it; at least one.
pub(in crate::store) struct Wanted {
    words: Vec<String>,
    /// The same in the database's own query language.
    query: String,
    is_postgres: bool,
}

impl Wanted {
    /// The words of `text`; `None` where it has none.
    pub fn of(text: &str, is_postgres: bool) -> Option<Self> {
        let query = wanted(text, is_postgres)?;
        Some(Self { words: words(text), query, is_postgres })
    }

    /// A condition on `tickets` that the index knows them to hold the words: SQL, to be followed by
    /// a bound text and `))`, and that text.
    pub fn condition(&self, holders: Holders) -> (&'static str, &str) {
        let is_held = if self.is_postgres {
            "tickets.id IN (SELECT ticket_id FROM ticket_search
                            WHERE document @@ to_tsquery('simple', "
        } else if holders == Holders::Few {
            "tickets.id IN (SELECT rowid FROM ticket_search WHERE ticket_search MATCH ("
        } else {
            // The sign keeps SQLite from looking up each of them: it goes through the newest tickets
            // until enough of these are among them.
            "+tickets.id IN (SELECT rowid FROM ticket_search WHERE ticket_search MATCH ("
        };
        (is_held, &self.query)
    }

    /// How many tickets hold the words, as far as the index tells it quickly.
    ///
    /// # Errors
    /// As every statement.
    pub async fn holders(&self, conn: &Conn) -> Result<Holders> {
        if self.is_postgres {
            return Ok(Holders::Most);
        }
        // Of words that only begin so, SQLite reads a good deal before the first ticket.
        let exactly: Vec<String> = self.words.iter().map(|word| format!("\"{word}\"")).collect();
        if has_many(conn, &exactly.join(" ")).await? {
            Ok(Holders::Most)
        } else if has_many(conn, &self.query).await? {
            Ok(Holders::Many)
        } else {
            Ok(Holders::Few)
        }
    }

    /// Whether these tickets hold the words, one after the other, of the first ones only where they
    /// are long. SQLite keeps no documents: they are made anew, so that what changed since the index
    /// was filled is seen.
    ///
    /// # Errors
    /// As every statement.
    pub async fn held(&self, conn: &Conn, tickets: &[Ticket]) -> Result<Vec<bool>> {
        if !self.is_postgres {
            return of_each(conn, tickets, |parts| self.are_in(parts)).await;
        }
        let ids = as_json(&tickets.iter().map(|ticket| ticket.id).collect::<Vec<_>>());
        let held: Vec<Held> =
            on!(conn, |c| Prepared::new(POSTGRES_HELD).text(&ids).text(&self.query).load(c).await)?;
        let held: HashSet<i64> = held.into_iter().map(|row| row.id).collect();
        Ok(tickets.iter().map(|ticket| held.contains(&ticket.id)).collect())
    }

    /// As SQLite's index finds it, in one part after the other until nothing is missing.
    fn are_in(&self, parts: &[&str]) -> bool {
        let mut missing: Vec<&String> = self.words.iter().collect();
        parts.iter().any(|part| {
            let folded = fold(part);
            missing.retain(|word| !holds(&folded, word));
            missing.is_empty()
        })
    }
}

/// How many tickets hold some words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Holders {
    /// So few that all of them can be sorted.
    Few,
    /// More than that.
    Many,
    /// Perhaps so many that the newest tickets alone fill a page.
    Most,
}

/// Whether SQLite's index gives more tickets for a query than are quickly looked up and sorted.
async fn has_many(conn: &Conn, query: &str) -> Result<bool> {
    let found: Vec<Held> = on!(conn, |c| Prepared::new(SQLITE_MANY).text(query).load(c).await)?;
    Ok(!found.is_empty())
}

const SQLITE_MANY: &str = "SELECT rowid AS id FROM ticket_search
     WHERE ticket_search MATCH ? LIMIT 1 OFFSET 1000";

/// Those of the tickets in a JSON array whose documents hold the words. A subquery for each, so that
/// PostgreSQL does not ask the index for all that hold them.
const POSTGRES_HELD: &str = "SELECT given.ticket::bigint AS id
     FROM json_array_elements_text($1::json) AS given (ticket)
     WHERE (SELECT document @@ (SELECT to_tsquery('simple', $2))
            FROM ticket_search WHERE ticket_id = given.ticket::bigint)";

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = BigInt)]
    id: i64,
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
    let documents = of_each(conn, behind, |parts| {
        let text = parts.join(" ");
        let end = text.char_indices().nth(DOCUMENT).map_or(text.len(), |(end, _)| end);
        fold(&text[..end])
    });
    Ok(behind.iter().map(|ticket| ticket.id).zip(documents.await?).collect())
}

/// What is made of the parts of each ticket's document, until these are too much to be read together.
async fn of_each<T>(
    conn: &Conn,
    tickets: &[Ticket],
    make: impl Fn(&[&str]) -> T,
) -> Result<Vec<T>> {
    if tickets.is_empty() {
        return Ok(Vec::new());
    }
    let contact_ids: Vec<i64> = tickets.iter().map(|ticket| ticket.contact_id).collect();
    let contacts = contacts::by_ids(conn, &contact_ids).await?;
    let identities = contacts::identities_of(conn, &contact_ids).await?;
    let mut made = Vec::with_capacity(tickets.len());
    let mut bytes = 0;
    for some in tickets.chunks(READ) {
        let ids: Vec<i64> = some.iter().map(|ticket| ticket.id).collect();
        let texts = messages::newest_texts_of(conn, &ids, MESSAGES, DOCUMENT).await?;
        for ticket in some {
            let number = ticket.id.to_string();
            let mut parts = vec![number.as_str()];
            parts.extend(ticket.subject.as_deref());
            parts.extend(ticket.external_id.as_deref());
            let contact = contacts.iter().find(|contact| contact.id == ticket.contact_id);
            parts.extend(contact.map(|contact| contact.search_text.as_str()));
            let theirs = identities.iter().filter(|name| name.contact_id == ticket.contact_id);
            parts.extend(theirs.map(|name| name.identifier.as_str()));
            parts.extend(texts.iter().filter(|(id, _)| *id == ticket.id).map(|(_, t)| t.as_str()));
            bytes += parts.iter().map(|part| part.len()).sum::<usize>();
            made.push(make(&parts));
            if bytes > TOGETHER {
                return Ok(made);
            }
        }
    }
    Ok(made)
}
