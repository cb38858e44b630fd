//! An image inside JSON.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

use crate::{Error, Kind, Result};

/// Padding is optional, and so are zeros in the bits that no byte needs: encoders differ.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The bytes of `image_base64`: base64 in its standard or URL-safe alphabet, with blanks and
/// line breaks anywhere, alone or as a `data:` URL. Whether they are an image, the inbox checks.
pub(super) fn decode(text: &str) -> Result<Bytes> {
    let encoded = without_data_prefix(text.trim_start()).ok_or_else(not_base64)?;
    let plain: Vec<u8> = encoded
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    if plain.is_empty() {
        let sentence = "image_base64 is empty; leave it out when there is no image.";
        return Err(Error::new(Kind::Invalid, sentence));
    }
    LENIENT.decode(plain).map(Bytes::from).map_err(|_| not_base64())
}

/// What follows `data:image/…;base64,`; all of a text that is no `data:` URL; nothing of one
/// that is not in base64.
fn without_data_prefix(text: &str) -> Option<&str> {
    let is_data_url = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:"));
    if !is_data_url {
        return Some(text);
    }
    let (prefix, encoded) = text.split_once(',')?;
    prefix.to_ascii_lowercase().ends_with(";base64").then_some(encoded)
}

fn not_base64() -> Error {
    Error::new(Kind::Invalid, "image_base64 is not base64.")
}
