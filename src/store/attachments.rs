//! Files that came with messages; their bytes are kept by [`crate::files`].

use diesel::prelude::{
    Identifiable, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use serde::Serialize;

use super::conn::on;
use super::insert::rows;
use super::one_of::one_of;
use super::schema::attachments;
use super::{Conn, Result};
use crate::clock::Millis;

/// A file.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize, Identifiable)]
#[diesel(table_name = attachments, treat_none_as_default_value = false)]
pub struct Attachment {
    /// Its id.
    pub id: i64,
    /// The message it came with.
    pub message_id: i64,
    /// Its name, for people.
    pub name: String,
    /// What it is.
    pub content_type: String,
    /// Bytes.
    pub size: i64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// Where its bytes are.
    pub key: String,
    /// Where a re-encoded copy is that a browser may show.
    pub display_key: Option<String>,
    /// What that copy is.
    pub display_type: Option<String>,
    /// When it was stored.
    pub created_at: Millis,
}

/// The files of these messages, in the order in which they came.
///
/// # Errors
/// As every statement.
pub async fn of_messages(conn: &Conn, message_ids: &[i64]) -> Result<Vec<Attachment>> {
    Ok(on!(conn, |c| attachments::table
        .filter(one_of(attachments::message_id, message_ids))
        .order(attachments::id)
        .select(Attachment::as_select())
        .load(c)
        .await)?)
}

/// One file.
///
/// # Errors
/// As every statement.
pub async fn get(conn: &Conn, id: i64) -> Result<Option<Attachment>> {
    Ok(on!(conn, |c| attachments::table
        .find(id)
        .select(Attachment::as_select())
        .first(c)
        .await
        .optional())?)
}

rows!(Attachment, attachments);
