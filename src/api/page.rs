//! Places in long lists: the cursor that a list gives with each page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use centrium_channels::Problem;

/// Items on a page when the caller does not say.
pub const DEFAULT: i64 = 50;
/// Items on a page at most.
pub const MAX: i64 = 200;

/// Reads `limit`.
///
/// # Errors
/// 400 unless it is a whole number from 1 to 200.
pub fn limit(text: Option<&str>) -> Result<i64, Problem> {
    let Some(text) = text else { return Ok(DEFAULT) };
    text.parse()
        .ok()
        .filter(|limit| (1..=MAX).contains(limit))
        .ok_or_else(|| Problem::bad_request(format!("limit must be a number from 1 to {MAX}.")))
}

/// A cursor for the place after an item with these two sort keys. Opaque to callers.
#[must_use]
pub fn encode(first: i64, second: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{first}.{second}"))
}

/// Reads a cursor.
///
/// # Errors
/// 400 when it is not one of ours.
pub fn decode(cursor: &str) -> Result<(i64, i64), Problem> {
    let parsed = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (first, second) = text.split_once('.')?;
        Some((first.parse().ok()?, second.parse().ok()?))
    };
    parsed().ok_or_else(|| Problem::bad_request("after is not a cursor that this list gave."))
}
