//! Customers, and the names they go by on each channel.

use diesel::prelude::{
    ExpressionMethods, Identifiable, Insertable, OptionalExtension, QueryDsl, Queryable,
    QueryableByName, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;

use super::conn::{lock, on};
use super::insert::rows;
use super::one_of::one_of;
use super::schema::{contact_identities, contacts};
use super::search::contacts::held;
use super::{Conn, Result, StoredKind, Tx};
use crate::clock::Millis;

/// A customer.
#[derive(
    Clone, Debug, Queryable, QueryableByName, Selectable, Insertable, Serialize, Identifiable,
)]
#[diesel(table_name = contacts, treat_none_as_default_value = false)]
pub struct Contact {
    /// Our id; events call it `user_id`.
    pub id: i64,
    /// A name to show.
    pub name: Option<String>,
    /// Told by a channel; proof of nothing.
    pub email: Option<String>,
    /// Told by a channel; proof of nothing.
    pub phone: Option<String>,
    /// The language last written in: `ru`, `kk` or `en`.
    pub language: Option<String>,
    /// Stored, and neither answered nor told to anyone.
    pub is_blocked: bool,
    /// Whatever else a channel said of this customer.
    pub metadata: Option<Value>,
    /// Name, e-mail, phone and the identifier of the last message in lower case, for the search
    /// index, which looks at the other identifiers by itself.
    pub search_text: String,
    /// Grows whenever `search_text` changes, or the contact gets another identity.
    pub search_version: i64,
    /// The `search_version` that the search index knows.
    pub indexed_version: i64,
    /// When we first heard of them.
    pub created_at: Millis,
    /// When this row last changed.
    pub updated_at: Millis,
}

/// One name of a contact: on this channel, this identifier is this customer and no other.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = contact_identities)]
pub struct Identity {
    /// Whose name it is.
    pub contact_id: i64,
    /// On which channel.
    pub channel: StoredKind,
    /// The name.
    pub identifier: String,
}

/// An identity to be written. Its contact's `search_version` grows with it.
#[derive(Clone, Debug, Insertable, Serialize)]
#[diesel(table_name = contact_identities, treat_none_as_default_value = false)]
pub struct NewIdentity {
    /// Whose name it is.
    pub contact_id: i64,
    /// On which channel.
    pub channel: StoredKind,
    /// The name.
    pub identifier: String,
    /// The channel itself vouches for it.
    pub is_verified: bool,
    /// When it was first seen.
    pub created_at: Millis,
}

/// Who goes by one of `identifiers` on `channel`: pairs of identifier and contact.
///
/// # Errors
/// As every statement.
pub async fn find_by_identity(
    conn: &Conn,
    channel: StoredKind,
    identifiers: &[String],
) -> Result<Vec<(String, Contact)>> {
    if identifiers.is_empty() {
        return Ok(Vec::new());
    }
    Ok(on!(conn, |c| contact_identities::table
        .inner_join(contacts::table)
        .filter(contact_identities::channel.eq(channel))
        .filter(one_of(contact_identities::identifier, identifiers))
        .select((contact_identities::identifier, Contact::as_select()))
        .load(c)
        .await)?)
}

/// Keeps these contacts from being changed by another writer until this transaction ends, and says
/// what they are now, where they may have changed since they were read: on SQLite nothing, because
/// there is no other writer.
///
/// # Errors
/// As every statement.
pub async fn lock(tx: &Tx, ids: &[i64]) -> Result<Vec<Contact>> {
    if ids.is_empty() || !tx.is_postgres() {
        return Ok(Vec::new());
    }
    let conn: &Conn = tx;
    Ok(lock!(
        conn,
        contacts::table
            .filter(one_of(contacts::id, ids))
            .select(Contact::as_select())
            .order(contacts::id)
    )?)
}

/// Contacts by their ids.
///
/// # Errors
/// As every statement.
pub async fn by_ids(conn: &Conn, ids: &[i64]) -> Result<Vec<Contact>> {
    Ok(on!(conn, |c| contacts::table
        .filter(one_of(contacts::id, ids))
        .select(Contact::as_select())
        .load(c)
        .await)?)
}

/// One contact.
///
/// # Errors
/// As every statement.
pub async fn get(conn: &Conn, id: i64) -> Result<Option<Contact>> {
    Ok(on!(conn, |c| contacts::table
        .find(id)
        .select(Contact::as_select())
        .first(c)
        .await
        .optional())?)
}

/// The names of these contacts, oldest first.
///
/// # Errors
/// As every statement.
pub async fn identities_of(conn: &Conn, contact_ids: &[i64]) -> Result<Vec<Identity>> {
    Ok(on!(conn, |c| contact_identities::table
        .filter(one_of(contact_identities::contact_id, contact_ids))
        .order(contact_identities::id)
        .select(Identity::as_select())
        .load(c)
        .await)?)
}

/// Contacts that hold every word of `text`, or a part of a word that begins so, newest first: of the
/// contacts before `before`, where given. See [`search`](super::search) for what is held.
///
/// # Errors
/// As every statement.
pub async fn search(
    conn: &Conn,
    text: Option<&str>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Contact>> {
    let before = before.unwrap_or(i64::MAX);
    if let Some(text) = text {
        return held(conn, text, before, limit).await;
    }
    Ok(on!(conn, |c| contacts::table
        .filter(contacts::id.lt(before))
        .select(Contact::as_select())
        .order(contacts::id.desc())
        .limit(limit)
        .load(c)
        .await)?)
}

/// Marks a contact as blocked, or not; `false` when there is no such contact.
///
/// # Errors
/// As every statement.
pub async fn set_blocked(tx: &Tx, id: i64, blocked: bool, at: Millis) -> Result<bool> {
    let conn: &Conn = tx;
    let rows = on!(conn, |c| diesel::update(contacts::table.find(id))
        .set((contacts::is_blocked.eq(blocked), contacts::updated_at.eq(at)))
        .execute(c)
        .await)?;
    Ok(rows > 0)
}

rows!(
    Contact,
    contacts,
    [name, email, phone, language, metadata, search_text, search_version, updated_at]
);
rows!(NewIdentity, contact_identities);
