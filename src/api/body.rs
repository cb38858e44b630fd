//! Reading a JSON body, with a sentence for each way it can be wrong.

use axum::body::Bytes;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::StatusCode;
use centrium_channels::Problem;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A JSON body. The media type is not looked at: what counts is what was sent.
///
/// Rejections: 400 for broken JSON, a missing field or one of the wrong kind, each named; 413.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = Bytes::from_request(request, state).await.map_err(unreadable)?;
        parse(&body).map(Self)
    }
}

/// A body that may be left out, or be null.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        let body = Bytes::from_request(request, state).await.map_err(unreadable)?;
        if body.trim_ascii().is_empty() {
            return Ok(None);
        }
        match value(&body)? {
            Value::Null => Ok(None),
            value => shape(value).map(|body| Some(Self(body))),
        }
    }
}

/// The same for a body that was read already.
///
/// # Errors
/// 400, with a sentence.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    shape(value(body)?)
}

/// The fields of a body that was read already. Values are as they were sent: reading them once more as
/// [`Value`] would take some for JSON inside of JSON.
///
/// # Errors
/// 400, with a sentence.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    match value(body)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(Problem::bad_request("The body must be a JSON object.")),
    }
}

fn value(body: &[u8]) -> Result<Value, Problem> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Problem::bad_request("The body is not valid UTF-8."))?;
    centrium_channels::json::parse(text)
        .map_err(|e| Problem::bad_request(format!("The body is not valid JSON: {e}.")))
}

fn shape<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    if !value.is_object() {
        return Err(Problem::bad_request("The body must be a JSON object."));
    }
    serde_json::from_value(value)
        .map_err(|e| Problem::bad_request(format!("The body is not as it should be: {e}.")))
}

fn unreadable(rejection: axum::extract::rejection::BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large.")
    } else {
        Problem::bad_request("The body could not be read to its end.")
    }
}
