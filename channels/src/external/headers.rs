//! Where a caller's key may stand in the headers of a request.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

const API_KEY: &str = "x-api-key";

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
