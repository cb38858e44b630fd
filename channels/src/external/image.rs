//! An image inside JSON.

use bytes::Bytes;

use crate::{Error, Kind, Result, decode_base64};

/// The bytes of `image_base64`. Whether they are an image, the inbox checks.
pub(super) fn decode(text: &str) -> Result<Bytes> {
    match decode_base64(text) {
        None => Err(Error::new(Kind::Invalid, "image_base64 is not base64.")),
        Some(bytes) if bytes.is_empty() => Err(Error::new(
            Kind::Invalid,
            "image_base64 is empty; leave it out when there is no image.",
        )),
        Some(bytes) => Ok(bytes),
    }
}
