//! A refusal over HTTP: a status and one sentence.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::{Error, Kind, Retry};

/// What a handler answers when it can't do what was asked.
///
/// The handler names the status and the sentence; the engine's outermost layer finds the problem
/// in the response's extensions and writes the body in the shape of the path's neighbourhood
/// (`{"success":false,"error"}`, `{"detail"}` or `{"error"}`), with the request's id in a 5xx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status, 4xx or 5xx.
    pub status: StatusCode,
    /// One clear sentence, without secrets.
    pub sentence: String,
    /// How long the caller should wait, for 429 and 503.
    pub retry_after: Option<Duration>,
}

impl Problem {
    /// A refusal with this status and sentence.
    #[must_use]
    pub fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { status, sentence: sentence.into(), retry_after: None }
    }

    /// 400: the request is not of the right shape.
    #[must_use]
    pub fn bad_request(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, sentence)
    }

    /// 404: there is no such thing.
    #[must_use]
    pub fn not_found(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, sentence)
    }

    /// 422: the shape is right, a value is not.
    #[must_use]
    pub fn unprocessable(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, sentence)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match error.kind {
            Kind::Invalid => StatusCode::BAD_REQUEST,
            Kind::Unauthorized => StatusCode::UNAUTHORIZED,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Kind::ChannelOff | Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Refused => StatusCode::BAD_GATEWAY,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let retry_after = match error.retry {
            Retry::After(pause) => Some(pause),
            Retry::Later if status == StatusCode::SERVICE_UNAVAILABLE => {
                Some(Duration::from_secs(5))
            }
            Retry::Later | Retry::Never => None,
        };
        Self { status, sentence: error.sentence, retry_after }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
