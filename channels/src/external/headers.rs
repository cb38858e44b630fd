//! What the headers of a request say: the caller's key, and the request's.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::{Error, Kind, Result};

const API_KEY: &str = "x-api-key";
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The caller's key, from `X-API-Key`, else from `Authorization: Bearer`. An empty header is
/// none, so that the key may still be in the body.
pub(super) fn api_key(headers: &HeaderMap) -> Option<String> {
    own_header(headers).or_else(|| bearer(headers)).filter(|key| !key.is_empty())
}

fn own_header(headers: &HeaderMap) -> Option<String> {
    // Bytes that are no text become U+FFFD and match no key: a wrong key, not a missing one.
    let key = String::from_utf8_lossy(headers.get(API_KEY)?.as_bytes()).trim().to_owned();
    (!key.is_empty()).then_some(key)
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = String::from_utf8_lossy(headers.get(AUTHORIZATION)?.as_bytes()).into_owned();
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim().to_owned())
}

/// The request's own key: one header of 1–255 visible ASCII characters.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let is_key = |text: &&str| {
        (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match (value.to_str().ok().filter(is_key), values.next()) {
        (Some(key), None) => Ok(Some(key.to_owned())),
        _ => Err(Error::new(
            Kind::Invalid,
            "Idempotency-Key must be one header of 1 to 255 visible ASCII characters.",
        )),
    }
}
