//! What other systems say has happened.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use centrium_channels::{Problem, idempotency_key};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::body;
use super::refusal::{ErrorOut, Refused};
use crate::engine::Engine;
use crate::events::publish::Draft;

/// An event of another system.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct EventIn<'a> {
    /// `user.created`, `payment.completed` or `transaction.created`.
    #[serde(rename = "type")]
    kind: String,
    /// What live clients and webhooks are told: any object of up to 64 KiB.
    #[serde(borrow)]
    #[schema(value_type = Object)]
    payload: &'a RawValue,
}

/// A published event.
#[derive(Serialize, ToSchema)]
pub(super) struct EventOut {
    /// Its place in the log.
    #[schema(example = 4711)]
    id: i64,
}

/// Publish an event
///
/// For a billing system: live clients and webhooks are told as of events of the engine itself. The
/// payload is kept as it was written. A repeat under the same `Idempotency-Key` gives the first
/// event's id again, and nobody is told twice.
#[utoipa::path(
    post,
    path = "/api/events",
    tag = "Events",
    security(("api_token" = [])),
    params(
        ("Idempotency-Key" = Option<String>, Header,
            description = "1 to 255 visible ASCII characters, kept for a day at least"),
    ),
    request_body(content = EventIn, example = json!({
        "type": "payment.completed",
        "payload": { "user_id": 123, "amount": 1500.0, "currency": "KZT" }
    })),
    responses(
        (status = 201, description = "It is in the log", body = EventOut),
        (status = 400, description = "The body or the key is not as it should be", body = ErrorOut),
        (status = 409, description = "The key was used for another event", body = ErrorOut),
        (status = 413, description = "The body is larger than 1 MiB", body = ErrorOut),
        (status = 422, description = "Another type, or a payload over 64 KiB", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn publish_event(
    State(engine): State<Engine>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<EventOut>), Problem> {
    let key = idempotency_key(&headers)?;
    let event = read(&body)?;
    let draft = Draft::new(&event.kind, event.payload, key)?;
    let id = engine.publisher.publish(draft).await?;
    Ok((StatusCode::CREATED, Json(EventOut { id })))
}

/// The event in a body, with the payload as it was written. The body is read twice: the first time
/// tells in a sentence what is wrong with it, and bounds its depth.
fn read(body: &[u8]) -> Result<EventIn<'_>, Problem> {
    if !body::object(body)?.get("payload").is_none_or(Value::is_object) {
        return Err(Problem::bad_request("The payload must be a JSON object."));
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body)
        .map_err(|e| Problem::bad_request(format!("The body is not as it should be: {e}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_taken_as_it_was_written() {
        let body = "\u{feff}{\"type\": \"x\", \"payload\" : {\"a\": 1.50, \"b\":\"\\u0430\"} }";
        assert_eq!(
            read(body.as_bytes()).unwrap().payload.get(),
            "{\"a\": 1.50, \"b\":\"\\u0430\"}"
        );
        let twice = br#"{"type":"x","payload":{},"payload":{"a":1}}"#;
        assert_eq!(read(twice).unwrap_err().status.as_u16(), 400);
    }
}
