//! The header by which a caller names a request.

use axum::http::HeaderMap;

use crate::{Error, Kind, Result};

/// Characters of an `Idempotency-Key` at most.
const LONGEST: usize = 255;

/// The request's `Idempotency-Key`, where it has one.
///
/// # Errors
/// `Invalid` unless it is one header of 1 to 255 visible ASCII characters.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let is_key = |text: &&str| {
        (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match (key.to_str().ok().filter(is_key), keys.next()) {
        (Some(key), None) => Ok(Some(key.to_owned())),
        _ => Err(Error::new(
            Kind::Invalid,
            format!(
                "Idempotency-Key must be one header of 1 to {LONGEST} visible ASCII characters."
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(values: &[&[u8]]) -> Result<Option<String>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("Idempotency-Key", HeaderValue::from_bytes(value).unwrap());
        }
        idempotency_key(&headers)
    }

    #[test]
    fn a_key_is_one_visible_word() {
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&[b"order-17"]).unwrap().as_deref(), Some("order-17"));
        assert!(read(&[&[b'a'; 255]]).is_ok());
        for wrong in [&b""[..], b"a b", b"\xd1\x8b", &[b'a'; 256]] {
            assert_eq!(read(&[wrong]).unwrap_err().kind, Kind::Invalid, "{wrong:?}");
        }
        assert!(read(&[b"one", b"two"]).is_err());
    }
}
