//! Places in long lists: the cursor that a list gives with each page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use centrium_channels::Problem;

/// Items on a page when the caller does not say.
pub(super) const DEFAULT: i64 = 50;
/// Items on a page at most.
pub(super) const MAX: i64 = 200;

/// Reads `limit`.
///
/// # Errors
/// 400 unless it is a whole number from 1 to 200.
pub(super) fn limit(text: Option<&str>) -> Result<i64, Problem> {
    let Some(text) = text else { return Ok(DEFAULT) };
    text.parse()
        .ok()
        .filter(|limit| (1..=MAX).contains(limit))
        .ok_or_else(|| Problem::bad_request(format!("limit must be a number from 1 to {MAX}.")))
}

/// Reads `offset`.
///
/// # Errors
/// 400 unless it is a whole number, 0 or larger.
pub(super) fn offset(text: Option<&str>) -> Result<i64, Problem> {
    let Some(text) = text else { return Ok(0) };
    let offset = text.parse().ok().filter(|offset| *offset >= 0);
    offset.ok_or_else(|| Problem::bad_request("offset must be a number, 0 or larger."))
}

/// A cursor for the place after an item with these two sort keys. Opaque to callers.
#[must_use]
pub(super) fn encode(first: i64, second: i64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{first}.{second}"))
}

/// Cuts a list that was fetched with one item more than `limit`, and gives the cursor to what
/// comes after it, where that one was there.
pub(super) fn cut<T>(
    rows: &mut Vec<T>,
    limit: i64,
    keys: impl Fn(&T) -> (i64, i64),
) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(0);
    if rows.len() <= limit {
        return None;
    }
    rows.truncate(limit);
    rows.last().map(keys).map(|(first, second)| encode(first, second))
}

/// Reads a cursor.
///
/// # Errors
/// 400 when it is not one of ours.
pub(super) fn decode(cursor: &str) -> Result<(i64, i64), Problem> {
    let parsed = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (first, second) = text.split_once('.')?;
        Some((first.parse().ok()?, second.parse().ok()?))
    };
    parsed().ok_or_else(|| Problem::bad_request("after is not a cursor that this list gave."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_given_and_nothing_else_is() {
        assert_eq!(decode(&encode(1_700_000_000_000, 17)).unwrap(), (1_700_000_000_000, 17));
        for wrong in ["", "17", "MTc", "!!!", "MS4yLjM"] {
            assert_eq!(decode(wrong).unwrap_err().status.as_u16(), 400, "{wrong}");
        }
    }

    #[test]
    fn only_a_page_with_something_after_it_has_a_next() {
        let mut rows = vec![5, 4, 3];
        assert_eq!(cut(&mut rows, 3, |id| (0, *id)), None);
        assert_eq!(cut(&mut rows, 2, |id| (0, *id)), Some(encode(0, 4)));
        assert_eq!(rows, [5, 4]);
    }

    #[test]
    fn a_limit_is_from_1_to_200() {
        assert_eq!((limit(None).unwrap(), limit(Some("200")).unwrap()), (50, 200));
        for wrong in ["0", "201", "-1", "x", ""] {
            assert!(limit(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_offset_is_0_or_more() {
        assert_eq!((offset(None).unwrap(), offset(Some("7")).unwrap()), (0, 7));
        for wrong in ["-1", "x", "", "99999999999999999999"] {
            assert!(offset(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
