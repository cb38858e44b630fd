//! Files inside JSON.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

/// Padding is optional, and so are zeros in the bits that no byte needs: encoders differ.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The bytes of a text in base64: in its standard or URL-safe alphabet, padded or not, with
/// blanks and line breaks anywhere, alone or as a `data:…;base64,` URL. `None` for anything else;
/// a text without any character of base64 is a file of no bytes.
#[must_use]
pub fn decode_base64(text: &str) -> Option<Bytes> {
    let plain: Vec<u8> = without_data_prefix(text.trim_start())?
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    LENIENT.decode(plain).map(Bytes::from).ok()
}

/// What follows `data:…;base64,`; all of a text that is no `data:` URL; nothing of one that is
/// not in base64.
fn without_data_prefix(text: &str) -> Option<&str> {
    let is_data_url = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:"));
    if !is_data_url {
        return Some(text);
    }
    let (prefix, encoded) = text.split_once(',')?;
    prefix.to_ascii_lowercase().ends_with(";base64").then_some(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_comes_in_the_ways_that_encoders_write_it() {
        for text in ["aGVsbG8=", "aGVsbG8", "data:text/plain;base64,aGVsbG8=", "aGVs\r\nbG8=\n"] {
            assert_eq!(decode_base64(text).as_deref(), Some(&b"hello"[..]), "{text}");
        }
        for text in ["++//", "--__", "+-_/", " DATA:image/png;BASE64,--//"] {
            assert_eq!(decode_base64(text).as_deref(), Some(&b"\xfb\xef\xff"[..]), "{text}");
        }
        assert_eq!(decode_base64(" \n").as_deref(), Some(&b""[..]));
    }

    #[test]
    fn what_is_not_base64_is_nothing() {
        for text in ["aGVsbG8*", "data:text/plain,hello", "data:text/plain;base64", "a", "é", "=a"]
        {
            assert_eq!(decode_base64(text), None, "{text}");
        }
    }
}
