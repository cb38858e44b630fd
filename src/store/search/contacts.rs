//! The documents of contacts: the words of their names, and the endings of these words, so that
//! what begins an ending finds any part of a word: the last digits of a phone number, say.

use std::collections::HashSet;

use diesel::prelude::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;

use super::{Documents, wanted, words};
use crate::store::conn::on;
use crate::store::contacts::{Contact, identities_of};
use crate::store::prepared::Prepared;
use crate::store::schema::contacts;
use crate::store::{Conn, Result};

/// Where they are kept.
pub(super) const TABLE: Documents = Documents {
    name: "contact_search",
    id: "contact_id",
    // The tokens as they are: nothing is left to be parsed, and their places don't matter.
    made_of: |text| format!("array_to_tsvector(string_to_array({text}, ' '))"),
};
/// Characters of the shortest ending: phone numbers are written in groups of two digits.
const SHORTEST: usize = 2;
/// Characters of the longest ending; of a longer word, its beginning and what is in its last
/// characters is found.
const LONGEST: usize = 40;
/// Words and endings of a contact; a name, an address and a number have a fifth of them.
const TOKENS: usize = 500;
/// Contacts that PostgreSQL looks at first, one by one, for a text that many have.
const NEWEST: i64 = 1_000;

/// The index gives them in the order of their ids, so that a common text ends early.
const SQLITE: &str = "SELECT contacts.* FROM contact_search
     CROSS JOIN contacts ON contacts.id = contact_search.rowid
     WHERE contact_search MATCH ? AND contact_search.rowid < ?
     ORDER BY contact_search.rowid DESC LIMIT ?";

/// A GIN index gives all it finds, in no order: too much for a text that many contacts have. Those
/// fill a page from the newest contacts alone.
const POSTGRES_NEWEST: &str = "SELECT contacts.* FROM contacts WHERE id IN (
         SELECT contact_id FROM (
             SELECT contact_id, document FROM contact_search WHERE contact_id < $2
             ORDER BY contact_id DESC LIMIT $4
         ) AS newest
         WHERE document @@ (SELECT $1::tsquery)
     ) ORDER BY id DESC LIMIT $3";

/// Materialized, since PostgreSQL would else go through all contacts, newest first, in the hope of
/// enough that hold the text.
const POSTGRES: &str = "WITH held AS MATERIALIZED (
         SELECT contact_id FROM contact_search WHERE document @@ (SELECT $1::tsquery)
     )
     SELECT contacts.* FROM contacts WHERE id IN (
         SELECT contact_id FROM held WHERE contact_id < $2 ORDER BY contact_id DESC LIMIT $3
     ) ORDER BY id DESC";

/// Contacts before `before` that hold every word of `text`, newest first; none where it has no word.
pub(in crate::store) async fn held(
    conn: &Conn,
    text: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<Contact>> {
    let is_postgres = conn.is_postgres();
    let Some(wanted) = wanted(text, is_postgres) else { return Ok(Vec::new()) };
    let first = if is_postgres { POSTGRES_NEWEST } else { SQLITE };
    let query = |sql| Prepared::new(sql).text(&wanted).number(before).number(limit);
    let newest = || if is_postgres { query(first).number(NEWEST) } else { query(first) };
    let found: Vec<Contact> = on!(conn, |c| newest().load(c).await)?;
    if !is_postgres || i64::try_from(found.len()).is_ok_and(|count| count >= limit) {
        return Ok(found);
    }
    Ok(on!(conn, |c| query(POSTGRES).load(c).await)?)
}

/// Contacts that wait for their documents.
pub(super) async fn behind(conn: &Conn, limit: i64) -> Result<Vec<Contact>> {
    Ok(on!(conn, |c| contacts::table
        .filter(contacts::indexed_version.lt(contacts::search_version))
        .order(contacts::id)
        .limit(limit)
        .select(Contact::as_select())
        .load(c)
        .await)?)
}

/// The documents of these contacts.
pub(super) async fn documents(conn: &Conn, behind: &[Contact]) -> Result<Vec<(i64, String)>> {
    if behind.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = behind.iter().map(|contact| contact.id).collect();
    let identities = identities_of(conn, &ids).await?;
    let document = |contact: &Contact| {
        let theirs = identities.iter().filter(|name| name.contact_id == contact.id);
        let addresses = theirs
            .map(|name| name.identifier.as_str())
            .chain(contact.email.as_deref())
            .chain(contact.phone.as_deref());
        // First, because a name may be as long as its owner likes.
        let addresses = addresses.collect::<Vec<_>>().join(" ");
        (contact.id, tokens(&[&addresses, &contact.search_text]).join(" "))
    };
    Ok(behind.iter().map(document).collect())
}

/// Of one text after the other the words and then their endings, each once.
fn tokens(texts: &[&str]) -> Vec<String> {
    let texts: Vec<Vec<String>> = texts.iter().map(|text| words(text)).collect();
    let all = texts.iter().flat_map(|words| {
        words.iter().map(String::as_str).chain(words.iter().flat_map(|word| endings(word)))
    });
    let mut seen = HashSet::new();
    all.filter(|token| seen.insert(*token)).take(TOKENS).map(str::to_owned).collect()
}

/// The endings of a word, longest first.
fn endings(word: &str) -> impl Iterator<Item = &str> {
    let length = word.chars().count();
    let places = word.char_indices().enumerate().skip(1);
    places
        .filter(move |(i, _)| (SHORTEST..=LONGEST).contains(&(length - i)))
        .map(|(_, (place, _))| &word[place..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_before_their_endings_each_once() {
        let all = "анна 7012 нна на 012 12";
        assert_eq!(tokens(&["Анна, 7012 - АННА"]).join(" "), all);
    }

    #[test]
    fn a_contact_has_a_bounded_number_of_tokens() {
        let long = "x".repeat(300);
        assert_eq!(tokens(&[&long]).len(), 1 + LONGEST - SHORTEST + 1);
        let many: Vec<String> = (1_000_000..1_001_000).map(|n| n.to_string()).collect();
        assert_eq!(tokens(&[&many.join(" ")]).len(), TOKENS);
    }

    #[test]
    fn a_long_name_leaves_room_for_the_address() {
        let name: Vec<String> = (0..1_000).map(|i| i.to_string()).collect();
        let tokens = tokens(&["anna@example.com", &name.join(" ")]);
        assert!(tokens.iter().any(|token| token == "ample"), "{tokens:?}");
    }
}
