//! Finding tickets and contacts by words. The index is filled behind the hot path: a ticket whose
//! `indexed_version` is behind its `version`, or a contact's behind its `search_version`, waits for
//! its document to be written again, so none is ever missed, whatever was cut off in between.

pub(super) mod contacts;
pub(super) mod tickets;

use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use unicode_normalization::char::decompose_canonical;

use super::conn::on;
use super::{Conn, Result, Store, Tx};

/// Characters of a word that count; PostgreSQL refuses words of more than 2,046 bytes.
const WORD: usize = 100;

/// What was put into the index together; nothing when none is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indexed {
    /// How many tickets.
    pub tickets: usize,
    /// How many contacts.
    pub contacts: usize,
}

/// Writes the documents of up to `limit` tickets that changed, of fewer where they are long, and of
/// up to `limit` contacts.
///
/// # Errors
/// As every statement.
pub async fn index_some(store: &Store, limit: i64) -> Result<Indexed> {
    let conn = store.read().await?;
    let people = contacts::behind(&conn, limit).await?;
    let behind = tickets::behind(&conn, limit).await?;
    if people.is_empty() && behind.is_empty() {
        return Ok(Indexed::default());
    }
    let names = contacts::documents(&conn, &people).await?;
    let documents = tickets::documents(&conn, &behind).await?;
    drop(conn);
    let tx = store.begin().await?;
    put(&tx, contacts::TABLE, &names).await?;
    put(&tx, tickets::TABLE, &documents).await?;
    // Contacts before tickets, in the order in which arriving messages lock them.
    let ids: Vec<i64> = people.iter().map(|contact| contact.id).collect();
    super::contacts::lock(&tx, &ids).await?;
    let seen = people.iter().map(|contact| (contact.id, contact.search_version));
    note_versions(&tx, "contacts", seen).await?;
    let seen = behind.iter().take(documents.len()).map(|ticket| (ticket.id, ticket.version));
    note_versions(&tx, "tickets", seen).await?;
    tx.commit().await?;
    Ok(Indexed { tickets: documents.len(), contacts: names.len() })
}

/// Where the documents of a table's rows are kept.
struct Documents {
    name: &'static str,
    /// The column that names the row, on PostgreSQL; on SQLite it is always `rowid`.
    id: &'static str,
    /// What makes a document of a text, on PostgreSQL.
    made_of: fn(&str) -> String,
}

async fn put(tx: &Tx, table: Documents, documents: &[(i64, String)]) -> Result<()> {
    if documents.is_empty() {
        return Ok(());
    }
    let (conn, Documents { name, id, made_of }): (&Conn, _) = (tx, table);
    let sql = if conn.is_postgres() {
        let text = |i: usize| made_of(&format!("${}", 2 * i + 2));
        let value = |i: usize| format!("(${}, {})", 2 * i + 1, text(i));
        let values: Vec<_> = (0..documents.len()).map(value).collect();
        format!(
            "INSERT INTO {name} ({id}, document) VALUES {}
             ON CONFLICT ({id}) DO UPDATE SET document = excluded.document",
            values.join(",")
        )
    } else {
        let values = vec!["(?, ?)"; documents.len()].join(",");
        format!("INSERT OR REPLACE INTO {name} (rowid, document) VALUES {values}")
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
async fn note_versions(tx: &Tx, table: &str, seen: impl Iterator<Item = (i64, i64)>) -> Result<()> {
    let values: Vec<_> = seen.map(|(id, version)| format!("({id}, {version})")).collect();
    if values.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "UPDATE {table} SET indexed_version = seen.column2 FROM (VALUES {}) AS seen
         WHERE {table}.id = seen.column1",
        values.join(",")
    );
    let conn: &Conn = tx;
    on!(conn, |c| diesel::sql_query(sql.as_str()).execute(c).await)?;
    Ok(())
}

/// What is looked for, in the database's own query language: every word of `text`, or one that
/// begins with it. `None` where `text` has no word.
fn wanted(text: &str, is_postgres: bool) -> Option<String> {
    query(&words(text), is_postgres)
}

/// The same for words that were found in a text.
fn query(words: &[String], is_postgres: bool) -> Option<String> {
    let mut words: Vec<&String> = words.iter().collect();
    words.sort_unstable();
    words.dedup();
    let (each, between): (fn(&String) -> String, _) =
        if is_postgres { (|w| format!("{w}:*"), " & ") } else { (|w| format!("\"{w}\"*"), " ") };
    let words: Vec<String> = words.into_iter().map(each).collect();
    (!words.is_empty()).then(|| words.join(between))
}

/// Words of letters and digits, in lower case and Latin ones without their accents: the same for
/// documents and for what is looked for, on both databases, and free of either one's query language.
fn words(text: &str) -> Vec<String> {
    fold(text).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The [`words`] of a text, with a space between them.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut length = 0;
    for letter in text.chars().flat_map(char::to_lowercase) {
        if !letter.is_alphanumeric() {
            length = 0;
            continue;
        }
        if length == 0 && !folded.is_empty() {
            folded.push(' ');
        }
        length += 1;
        if length <= WORD {
            folded.push(without_accent(letter));
        }
    }
    folded
}

/// Whether a word of a folded text is this one, or begins with it.
fn holds(folded: &str, word: &str) -> bool {
    folded
        .match_indices(word)
        .any(|(place, _)| place == 0 || folded.as_bytes().get(place - 1) == Some(&b' '))
}

/// The letter of which a Latin one with accents is composed.
fn without_accent(letter: char) -> char {
    if !matches!(letter, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}') {
        return letter;
    }
    let mut first = None;
    decompose_canonical(letter, |part| first = first.or(Some(part)));
    first.unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lower_case_and_without_accents() {
        assert_eq!(words("Ñandú, ФИЛЬМ-й ế ß қ 5G"), ["nandu", "фильм", "й", "e", "ß", "қ", "5g"]);
    }
}
