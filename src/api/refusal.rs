//! Refusals of the engine's own functions, as callers of the API hear them.

use axum::http::StatusCode;
use centrium_channels::{Error, Problem};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::events::publish;
use crate::files::FilesError;
use crate::{knowledge, store, tickets, webhooks};

/// The body of every refusal.
#[derive(Serialize, ToSchema)]
pub(super) struct ErrorOut {
    /// One clear sentence.
    #[schema(example = "There is no such ticket.")]
    error: String,
    /// The request's id, where the fault is ours (5xx).
    #[schema(value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// What any route behind a key may answer instead. For the OpenAPI document alone.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its derived description is used")]
pub(super) enum Refused {
    /// No key, or one that does not open this
    #[response(status = 401)]
    Unauthorized(ErrorOut),
    /// Too many requests with this key; `Retry-After` says how long to wait
    #[response(status = 429)]
    TooMany(ErrorOut),
    /// The database can't be reached; the sentence says whether anything may have been stored
    #[response(status = 503)]
    Unavailable(ErrorOut),
}

/// The body of every refusal under `/webhooks`.
#[derive(Serialize, ToSchema)]
pub(super) struct DetailOut {
    /// One clear sentence.
    #[schema(example = "Webhook not found")]
    detail: String,
    /// The request's id, where the fault is ours (5xx).
    #[schema(value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// What [`Refused`] is under `/webhooks`.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its derived description is used")]
pub(super) enum RefusedInDetail {
    /// No key, or one that does not open this
    #[response(status = 401)]
    Unauthorized(DetailOut),
    /// Too many requests with this key; `Retry-After` says how long to wait
    #[response(status = 429)]
    TooMany(DetailOut),
    /// The database can't be reached; the sentence says whether anything may have been stored
    #[response(status = 503)]
    Unavailable(DetailOut),
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<FilesError> for Problem {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::Missing => Self::not_found(error.to_string()),
            FilesError::NotAnImage | FilesError::TooLarge(_) => {
                Self::unprocessable(error.to_string())
            }
            FilesError::Unavailable(_) | FilesError::Location(_) => {
                tracing::warn!(cause = ?error, "files.failed");
                Error::from(error).into()
            }
        }
    }
}

impl From<tickets::Error> for Problem {
    fn from(error: tickets::Error) -> Self {
        match error {
            tickets::Error::NotFound(_) => Self::not_found(error.to_string()),
            tickets::Error::Conflict => Self::new(StatusCode::CONFLICT, error.to_string()),
            tickets::Error::Invalid(sentence) => Self::unprocessable(sentence),
            tickets::Error::Files(error) => error.into(),
            tickets::Error::Store(error) => error.into(),
        }
    }
}

impl From<knowledge::Error> for Problem {
    fn from(error: knowledge::Error) -> Self {
        match error {
            knowledge::Error::NotFound => Self::not_found(error.to_string()),
            knowledge::Error::Conflict(sentence) => Self::new(StatusCode::CONFLICT, sentence),
            knowledge::Error::Invalid(sentence) => Self::unprocessable(sentence),
            knowledge::Error::Store(error) => error.into(),
        }
    }
}

impl From<publish::Error> for Problem {
    fn from(error: publish::Error) -> Self {
        match error {
            publish::Error::Invalid(sentence) => Self::unprocessable(sentence),
            publish::Error::Conflict => Self::new(StatusCode::CONFLICT, error.to_string()),
            publish::Error::Store(error) => error.into(),
        }
    }
}

impl From<webhooks::Error> for Problem {
    fn from(error: webhooks::Error) -> Self {
        match error {
            webhooks::Error::NotFound(_) => Self::not_found(error.to_string()),
            webhooks::Error::Invalid(sentence) => Self::unprocessable(sentence),
            webhooks::Error::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_refusal_has_its_status() {
        let status = |error: tickets::Error| Problem::from(error).status.as_u16();
        assert_eq!(status(tickets::Error::NotFound("ticket")), 404);
        assert_eq!(status(tickets::Error::Conflict), 409);
        assert_eq!(status(tickets::Error::Invalid("No.".into())), 422);
        assert_eq!(status(FilesError::Missing.into()), 404);
        assert_eq!(status(store::Error::Unavailable("disk I/O error".into()).into()), 503);
        assert_eq!(status(store::Error::Uncertain("connection closed".into()).into()), 503);
        assert_eq!(status(store::Error::Contended("UNIQUE".into()).into()), 503);
        assert_eq!(status(store::Error::Broken("near secret".into()).into()), 500);
    }

    #[test]
    fn a_broken_statement_is_not_shown() {
        let problem = Problem::from(store::Error::Broken("near secret".into()));
        assert!(!problem.sentence.contains("secret"), "{}", problem.sentence);
    }
}
