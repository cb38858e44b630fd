//! What went wrong with a try, as a sentence for whoever looks at the deliveries. Addresses and
//! what they hold are not in it.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::InvalidHeaderValue;

use super::python::NotJson;
use super::target::{NotFound, Refusal};

/// What went wrong with a try.
#[derive(Debug)]
pub(super) enum Failure {
    /// The address must not be sent to.
    Target(Refusal),
    /// The payload can't be printed.
    Payload(NotJson),
    /// The event's type can't stand in a header.
    Header,
    /// No answer came.
    Request(reqwest::Error),
    /// An answer began, and did not end.
    Answer(reqwest::Error),
    /// The answer was not 2xx.
    Status(StatusCode),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Target(refusal)
    }
}

impl From<NotJson> for Failure {
    fn from(error: NotJson) -> Self {
        Self::Payload(error)
    }
}

impl From<InvalidHeaderValue> for Failure {
    fn from(_: InvalidHeaderValue) -> Self {
        Self::Header
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Request(error)
    }
}

impl Failure {
    /// The sentence, where a whole try had to end within `within`.
    pub(super) fn sentence(&self, within: Duration) -> String {
        match self {
            Self::Target(refusal) => refusal.to_string(),
            Self::Payload(error) => error.to_string(),
            Self::Header => "The event's type can't stand in a header.".into(),
            Self::Request(error) => no_answer(error, within),
            Self::Answer(error) if error.is_timeout() => {
                format!("The answer did not end within {} s.", within.as_secs())
            }
            Self::Answer(_) => "The connection was closed before the answer ended.".into(),
            Self::Status(status) if status.is_redirection() => {
                format!("The endpoint answered {}; redirects are not followed.", status.as_u16())
            }
            Self::Status(status) => format!("The endpoint answered {}.", status.as_u16()),
        }
    }
}

fn no_answer(error: &reqwest::Error, within: Duration) -> String {
    if let Some(refusal) = cause::<Refusal>(error) {
        return refusal.to_string();
    }
    if let Some(not_found) = cause::<NotFound>(error) {
        return not_found.to_string();
    }
    if let Some(tls) = cause::<rustls::Error>(error) {
        return format!("TLS failed: {tls}.");
    }
    match cause::<io::Error>(error).map(io::Error::kind) {
        _ if error.is_timeout() && error.is_connect() => "No connection was made in time.".into(),
        _ if error.is_timeout() => format!("No answer came within {} s.", within.as_secs()),
        Some(io::ErrorKind::ConnectionRefused) => "The connection was refused.".into(),
        _ if error.is_connect() => "No connection could be made.".into(),
        _ => "The connection was closed, or something else than HTTP came, instead of an answer."
            .into(),
    }
}

/// The first error of this type among the causes of another, those inside an I/O error included.
fn cause<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
