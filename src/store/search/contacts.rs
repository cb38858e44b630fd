//! The documents of contacts: the words of their names, and the endings of these words, so that
//! what begins an ending finds any part of a word: the last digits of a phone number, say.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use diesel::prelude::{ExpressionMethods, QueryDsl, QueryableByName, SelectableHelper};
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::{Documents, holds, query, words};
use crate::store::conn::on;
use crate::store::contacts::{Contact, by_ids, identities_of};
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

/// Contacts that are looked at one by one.
const FEW: i64 = 100;

const SQLITE_HOLDERS: &str =
    "SELECT rowid AS id FROM contact_search WHERE contact_search MATCH ? LIMIT ?";

/// Materialized for the same reason as below.
const POSTGRES_HOLDERS: &str = "WITH held AS MATERIALIZED (
         SELECT contact_id AS id FROM contact_search WHERE document @@ (SELECT $1::tsquery)
     )
     SELECT id FROM held LIMIT $2";

#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

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
    let words = words(text);
    let Some(wanted) = query(&words, is_postgres) else { return Ok(Vec::new()) };
    let ask = |sql| Prepared::new(sql).text(&wanted).number(before).number(limit);
    if is_postgres {
        let newest = || ask(POSTGRES_NEWEST).number(NEWEST);
        let found: Vec<Contact> = on!(conn, |c| newest().load(c).await)?;
        if i64::try_from(found.len()).is_ok_and(|count| count >= limit) {
            return Ok(found);
        }
    }
    if let Some(few) = holders_of_the_longest(conn, &words).await? {
        return held_of(conn, few, &words, before, limit).await;
    }
    let sql = if is_postgres { POSTGRES } else { SQLITE };
    Ok(on!(conn, |c| ask(sql).load(c).await)?)
}

/// Short words begin so many tokens that the index takes long to gather them. Of several words it is
/// asked for the longest first; these are the contacts that hold it, unless they are more than [`FEW`].
async fn holders_of_the_longest(conn: &Conn, words: &[String]) -> Result<Option<Vec<i64>>> {
    let longest = words.iter().max_by_key(|word| word.chars().count());
    let Some(longest) = longest.filter(|_| words.len() > 1) else { return Ok(None) };
    let Some(query) = query(std::slice::from_ref(longest), conn.is_postgres()) else {
        return Ok(None);
    };
    let sql = if conn.is_postgres() { POSTGRES_HOLDERS } else { SQLITE_HOLDERS };
    let found: Vec<Holder> =
        on!(conn, |c| Prepared::new(sql).text(&query).number(FEW + 1).load(c).await)?;
    let is_few = i64::try_from(found.len()).is_ok_and(|count| count <= FEW);
    Ok(is_few.then(|| found.into_iter().map(|holder| holder.id).collect()))
}

/// Those of a few contacts that hold all the words.
async fn held_of(
    conn: &Conn,
    ids: Vec<i64>,
    words: &[String],
    before: i64,
    limit: i64,
) -> Result<Vec<Contact>> {
    let ids: Vec<i64> = ids.into_iter().filter(|id| *id < before).collect();
    let mut held = by_ids(conn, &ids).await?;
    let documents: HashMap<i64, String> = documents(conn, &held).await?.into_iter().collect();
    held.retain(|contact| {
        documents.get(&contact.id).is_some_and(|text| words.iter().all(|word| holds(text, word)))
    });
    held.sort_unstable_by_key(|contact| Reverse(contact.id));
    held.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(held)
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
