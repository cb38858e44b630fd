//! Ids that callers give: in a path, and as an `Idempotency-Key`.

use axum::http::HeaderMap;
use centrium_channels::Problem;

/// Characters of an `Idempotency-Key` at most.
const LONGEST_KEY: usize = 255;

/// The number in a path.
///
/// # Errors
/// 404 when it is none, since there is no `what` of such a name.
pub(super) fn number(segment: &str, what: &str) -> Result<i64, Problem> {
    let number = segment.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Problem::not_found(format!("There is no such {what}.")))
}

/// The request's `Idempotency-Key`.
///
/// # Errors
/// 400 unless it is one, of 1 to 255 visible ASCII characters.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let text = key.to_str().ok().filter(|text| {
        (1..=LONGEST_KEY).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    });
    match (text, keys.next()) {
        (Some(text), None) => Ok(Some(text.to_owned())),
        _ => Err(Problem::bad_request(format!(
            "Idempotency-Key must be one key of 1 to {LONGEST_KEY} visible ASCII characters."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn what_is_no_number_is_not_found() {
        assert_eq!(number("17", "ticket").unwrap(), 17);
        for wrong in ["", "abc", "-1", "0", "1.5", "99999999999999999999"] {
            let problem = number(wrong, "ticket").unwrap_err();
            assert_eq!(problem.status.as_u16(), 404, "{wrong}");
            assert_eq!(problem.sentence, "There is no such ticket.");
        }
    }

    fn read(values: &[&[u8]]) -> Result<Option<String>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("idempotency-key", HeaderValue::from_bytes(value).unwrap());
        }
        idempotency_key(&headers)
    }

    #[test]
    fn a_key_is_one_visible_word() {
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&[b"order-17"]).unwrap().as_deref(), Some("order-17"));
        assert!(read(&[&[b'a'; 255]]).is_ok());
        for wrong in [&b""[..], b"a b", b"\xd1\x8b", &[b'a'; 256]] {
            assert!(read(&[wrong]).is_err(), "{wrong:?}");
        }
        assert!(read(&[b"one", b"two"]).is_err());
    }
}
