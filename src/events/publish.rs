//! What another system says has happened, such as a payment.

mod publisher;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::kinds::PUBLISHED;
use crate::store;
use crate::webhooks::python;

pub use publisher::Publisher;

/// Bytes of a payload, as it was written.
const LARGEST: usize = 64 * 1024;

/// An event was not published, and nothing was stored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A value can't be taken; the sentence says which and why.
    #[error("{0}")]
    Invalid(String),
    /// The idempotency key belongs to another request.
    #[error("This Idempotency-Key was already used for another event.")]
    Conflict,
    /// The database could not do it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// An event that may be published.
pub struct Draft {
    kind: &'static str,
    payload: Box<RawValue>,
    digest: String,
    key: Option<String>,
}

impl Draft {
    /// An event of this kind, whose payload, a JSON object, is stored as it is written here, but for
    /// U+0000, which becomes U+FFFD. Two with the same `key` are the same event.
    ///
    /// # Errors
    /// `Invalid` for another kind than those of [`PUBLISHED`], a payload over 64 KiB, and one that no
    /// webhook could be told of.
    pub fn new(kind: &str, payload: &RawValue, key: Option<String>) -> Result<Self, Error> {
        let Some(kind) = PUBLISHED.into_iter().find(|known| *known == kind) else {
            let kinds = PUBLISHED.join(", ");
            return Err(Error::Invalid(format!("The type of an event is one of {kinds}.")));
        };
        if payload.get().len() > LARGEST {
            return Err(Error::Invalid("The payload is larger than 64 KiB.".into()));
        }
        let payload = kept(payload)?;
        // The same for the same payload in other words, and no digit of it is lost.
        let said = python::dumps(payload.get()).map_err(|e| Error::Invalid(e.to_string()))?;
        let digest = Sha256::digest(format!("{kind} {said}"));
        let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { kind, payload, digest, key })
    }
}

/// The payload with `\u0000` replaced, since PostgreSQL can't hold it.
fn kept(payload: &RawValue) -> Result<Box<RawValue>, Error> {
    let text = payload.get();
    let (mut kept, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(quote) = rest.find('"') {
        let end = quote + 1 + end_of_string(&rest[quote + 1..]);
        kept.push_str(&rest[..quote]);
        push_string(&mut kept, &rest[quote..end]);
        rest = &rest[end..];
    }
    kept.push_str(rest);
    RawValue::from_string(kept).map_err(|error| Error::Invalid(format!("The payload: {error}.")))
}

/// The place behind the quote that ends a string, from behind the one that begins it.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 1)
}

fn push_string(kept: &mut String, string: &str) {
    let mut rest = string;
    while let Some(at) = rest.find('\\') {
        // An escape is at least two ASCII characters; `\\u0000` is a backslash and four letters.
        let (before, escape) = rest.split_at(at);
        kept.push_str(before);
        let is_zero = escape.starts_with("\\u0000");
        kept.push_str(if is_zero { "\\ufffd" } else { &escape[..2] });
        rest = &escape[if is_zero { 6 } else { 2 }..];
    }
    kept.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept_of(text: &str) -> Result<String, Error> {
        let raw: &RawValue = serde_json::from_str(text).unwrap();
        kept(raw).map(|kept| kept.get().to_owned())
    }

    #[test]
    fn a_payload_stays_as_it_was_written() {
        for text in [
            r#"{"a": 1.0, "b":1e16,"c" : -0.0, "d":123456789012345678901234567890}"#,
            r#"{"a\"b": "\\", "c": "\\u0000", "d": "\u0001\n\/", "e": "1e999", "я": "\ud83d\ude00"}"#,
            "{}",
            "{\n  \"a\": [true, false, null]\n}",
        ] {
            assert_eq!(kept_of(text).unwrap(), text);
        }
    }

    #[test]
    fn a_zero_is_replaced_wherever_it_stands() {
        let text = r#"{"a\u0000": "\\\u0000\u0000", "b": ["x\u0000y"]}"#;
        let expected = r#"{"a\ufffd": "\\\ufffd\ufffd", "b": ["x\ufffdy"]}"#;
        assert_eq!(kept_of(text).unwrap(), expected);
    }

    #[test]
    fn a_number_that_no_webhook_could_tell_is_refused() {
        let draft =
            |text: &str| Draft::new("payment.completed", serde_json::from_str(text).unwrap(), None);
        for number in ["1e999", "-1.5E+400", &"9".repeat(4_301)] {
            for text in [format!("{{\"a\":{number}}}"), format!("{{\"a\":[1,{number}], \"b\":1}}")]
            {
                assert!(matches!(draft(&text), Err(Error::Invalid(_))), "{text}");
            }
        }
        assert!(draft(r#"{"a":1.7976931348623157e308,"b":5e-999,"c":"1e999"}"#).is_ok());
    }

    #[test]
    fn what_may_not_be_published_is_refused() {
        let draft = |kind: &str, text: &str| {
            let raw: &RawValue = serde_json::from_str(text).unwrap();
            Draft::new(kind, raw, None)
        };
        assert!(draft("payment.completed", "{}").is_ok());
        assert!(matches!(draft("ticket.created", "{}"), Err(Error::Invalid(_))));
        let padding = |n: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(n - 8));
        assert!(draft("payment.completed", &padding(LARGEST)).is_ok());
        assert!(matches!(
            draft("payment.completed", &padding(LARGEST + 1)),
            Err(Error::Invalid(_))
        ));
    }
}
