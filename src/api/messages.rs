//! What an operator writes into a ticket.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use centrium_channels::{Attachment, Content, Problem, decode_base64, idempotency_key};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body;
use super::ids::number;
use super::refusal::{ErrorOut, Refused};
use crate::engine::Engine;
use crate::tickets::delivery;
use crate::tickets::reply::{self, Post};
use crate::tickets::shapes::MessageOut;

/// A message or a note.
// The external API has a `MessageIn` too, and a document holds one schema of a name.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OperatorMessageIn)]
pub(super) struct MessageIn {
    /// What to say, up to 100,000 characters; blank only where there are attachments.
    text: String,
    /// For colleagues only.
    #[serde(default)]
    note: bool,
    /// Who writes, up to 100 characters; `api` when nobody is named.
    #[serde(default)]
    operator: Option<String>,
    /// Up to 20 files.
    #[serde(default)]
    attachments: Option<Vec<AttachmentIn>>,
}

/// A file inside JSON.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct AttachmentIn {
    /// Its name.
    name: String,
    /// What it is.
    content_type: String,
    /// Its bytes in base64, of either alphabet, with or without `data:…;base64,` before them.
    base64: String,
}

impl MessageIn {
    fn read(self, key: Option<String>) -> Result<Post, Problem> {
        let files = self.attachments.unwrap_or_default();
        Ok(Post {
            text: self.text,
            is_note: self.note,
            operator: self.operator,
            files: files.into_iter().map(AttachmentIn::read).collect::<Result<_, _>>()?,
            key,
        })
    }
}

impl AttachmentIn {
    fn read(self) -> Result<Attachment, Problem> {
        let bytes = decode_base64(&self.base64)
            .ok_or_else(|| Problem::bad_request("The base64 of an attachment is not base64."))?;
        Ok(Attachment { name: self.name, content: Content::File(self.content_type), bytes })
    }
}

/// Write a message or a note
///
/// A message goes to the customer, takes the ticket over (from then on the assistant only
/// drafts) and opens it where it was closed. A note does none of this. A repeat under the same
/// `Idempotency-Key` gives the first message again.
#[utoipa::path(
    post,
    operation_id = "post_operator_message",
    path = "/api/tickets/{id}/messages",
    tag = "Tickets",
    security(("api_token" = [])),
    params(
        ("id" = i64, Path, description = "The ticket's number"),
        ("Idempotency-Key" = Option<String>, Header,
            description = "1 to 255 visible ASCII characters, kept for a day at least"),
    ),
    request_body(content = MessageIn,
        example = json!({ "text": "Your money is on its way.", "operator": "Айгерим" })),
    responses(
        (status = 201, description = "The message", body = MessageOut),
        (status = 400, description = "The body or the key is not as it should be", body = ErrorOut),
        (status = 404, description = "There is no such ticket", body = ErrorOut),
        (status = 409, description = "The key was used for another message", body = ErrorOut),
        (status = 413, description = "The body is larger than 12 MiB", body = ErrorOut),
        (status = 422, description = "The text is empty, or a limit is broken", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn post_message(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body::Json(message): body::Json<MessageIn>,
) -> Result<(StatusCode, Json<MessageOut>), Problem> {
    let id = number(&id, "ticket")?;
    let key = idempotency_key(&headers)?;
    let posted = reply::post(&engine, id, message.read(key)?).await?;
    let shape = MessageOut::new(posted.message, &posted.attachments);
    Ok((StatusCode::CREATED, Json(shape)))
}

/// Send a message again whose delivery failed
#[utoipa::path(
    post,
    path = "/api/tickets/{id}/messages/{message_id}/retry",
    tag = "Tickets",
    security(("api_token" = [])),
    params(
        ("id" = i64, Path, description = "The ticket's number"),
        ("message_id" = i64, Path, description = "The message's number"),
    ),
    responses(
        (status = 202, description = "The message, which is on its way again", body = MessageOut),
        (status = 400, description = "The address is not as it should be", body = ErrorOut),
        (status = 404, description = "There is no such message in this ticket", body = ErrorOut),
        (status = 422, description = "Its delivery has not failed", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn retry_message(
    State(engine): State<Engine>,
    Path((id, message_id)): Path<(String, String)>,
) -> Result<(StatusCode, Json<MessageOut>), Problem> {
    let (id, message_id) = (number(&id, "ticket")?, number(&message_id, "message")?);
    let message = delivery::retry(&engine, id, message_id).await?;
    let shapes = MessageOut::load(&*engine.store.read().await?, vec![message]).await?;
    let shape = shapes.into_iter().next();
    let shape = shape.ok_or_else(|| Problem::not_found("There is no such message."))?;
    Ok((StatusCode::ACCEPTED, Json(shape)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_text_or_a_broken_file_is_a_wrong_shape() {
        for body in [
            r#"{"note":true}"#,
            r#"{"text":5}"#,
            r#"{"text":"a","attachments":[{"name":"a","content_type":"text/plain"}]}"#,
            r#"{"text":"a","attachments":[{"name":"a","content_type":"b/c","base64":"*"}]}"#,
        ] {
            let read = body::parse::<MessageIn>(body.as_bytes()).and_then(|m| m.read(None));
            assert_eq!(read.unwrap_err().status.as_u16(), 400, "{body}");
        }
        let url_safe =
            r#"{"text":"a","attachments":[{"name":"a","content_type":"b/c","base64":"--__"}]}"#;
        let read = body::parse::<MessageIn>(url_safe.as_bytes()).and_then(|m| m.read(None));
        assert_eq!(read.unwrap().files[0].bytes.as_ref(), b"\xfb\xef\xff");
        let short = body::parse::<MessageIn>(br#"{"text":"a","operator":null}"#).unwrap();
        assert!(!short.read(None).unwrap().is_note);
    }
}
