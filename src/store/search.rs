//! Finding tickets by words. The index is filled behind the hot path: a ticket whose
//! `indexed_version` is behind its `version` waits for its document to be written again, so no
//! ticket is ever missed, whatever was cut off in between.

use diesel::prelude::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;

use super::conn::on;
use super::contacts;
use super::messages;
use super::schema::tickets;
use super::tickets::Ticket;
use super::{Conn, Result, Store, Tx};

/// Messages of a ticket that are searched: the newest ones.
const MESSAGES: i64 = 200;
/// Characters of a ticket's document.
const DOCUMENT: usize = 100_000;
/// Tickets whose messages are read together.
const READ: usize = 8;
/// Bytes of documents that are written together, and so held in memory.
const TOGETHER: usize = 4 * 1024 * 1024;
/// Characters of a word that count; PostgreSQL refuses words of more than 2,046 bytes.
const WORD: usize = 100;

/// Writes the documents of up to `limit` tickets that changed, of fewer where they are long, and
/// says how many: none when none is left.
///
/// # Errors
/// As every statement.
pub async fn index_some(store: &Store, limit: i64) -> Result<usize> {
    let conn = store.read().await?;
    let behind: Vec<Ticket> = on!(conn, |c| tickets::table
        .filter(tickets::indexed_version.lt(tickets::version))
        .order(tickets::id)
        .limit(limit)
        .select(Ticket::as_select())
        .load(c)
        .await)?;
    if behind.is_empty() {
        return Ok(0);
    }
    let documents = documents(&conn, &behind).await?;
    drop(conn);
    let tx = store.begin().await?;
    put(&tx, &documents).await?;
    note_versions(&tx, &behind[..documents.len()]).await?;
    tx.commit().await?;
    Ok(documents.len())
}

/// A condition on `tickets` that they hold every word of `text`, or words that begin with them: SQL,
/// to be followed by a bound text and `))`, and that text. `None` where `text` has no word.
pub(super) fn condition(text: &str, is_postgres: bool) -> Option<(&'static str, String)> {
    let words = words(text);
    if words.is_empty() {
        return None;
    }
    Some(if is_postgres {
        (
            "tickets.id IN (SELECT ticket_id FROM ticket_search
                            WHERE document @@ to_tsquery('simple', ",
            words.iter().map(|w| format!("{w}:*")).collect::<Vec<_>>().join(" & "),
        )
    } else {
        (
            "tickets.id IN (SELECT rowid FROM ticket_search WHERE ticket_search MATCH (",
            words.iter().map(|w| format!("\"{w}\"*")).collect::<Vec<_>>().join(" "),
        )
    })
}

/// The documents of these tickets, or of as many of them as fit into memory together.
async fn documents(conn: &Conn, behind: &[Ticket]) -> Result<Vec<(i64, String)>> {
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

async fn put(tx: &Tx, documents: &[(i64, String)]) -> Result<()> {
    let conn: &Conn = tx;
    let sql = if conn.is_postgres() {
        let value = |i: usize| format!("(${}, to_tsvector('simple', ${}))", 2 * i + 1, 2 * i + 2);
        let values: Vec<_> = (0..documents.len()).map(value).collect();
        format!(
            "INSERT INTO ticket_search (ticket_id, document) VALUES {}
             ON CONFLICT (ticket_id) DO UPDATE SET document = excluded.document",
            values.join(",")
        )
    } else {
        let values = vec!["(?, ?)"; documents.len()].join(",");
        format!("INSERT OR REPLACE INTO ticket_search (rowid, document) VALUES {values}")
    };
    on!(conn, |c| {
        let mut query = diesel::sql_query(sql.as_str()).into_boxed();
        for (id, document) in documents {
            query = query.bind::<BigInt, _>(*id).bind::<Text, _>(document);
        }
        query.execute(c).await
    })?;
    Ok(())
}

/// Notes the versions that were read, not those that are there now: what changed since comes again.
async fn note_versions(tx: &Tx, indexed: &[Ticket]) -> Result<()> {
    let values = indexed.iter().map(|t| format!("({}, {})", t.id, t.version));
    let sql = format!(
        "UPDATE tickets SET indexed_version = seen.column2 FROM (VALUES {}) AS seen
         WHERE tickets.id = seen.column1",
        values.collect::<Vec<_>>().join(",")
    );
    let conn: &Conn = tx;
    on!(conn, |c| diesel::sql_query(sql.as_str()).execute(c).await)?;
    Ok(())
}

/// Words of letters and digits, in lower case: the same for documents and for what is looked for,
/// on both databases, and free of either one's query language.
fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(WORD).collect())
        .collect()
}
