//! What an attachment really is.

use bytes::Bytes;
use centrium_channels::Content;
use image::ImageFormat;
use sha2::{Digest, Sha256};

use super::FilesError;
use super::picture::{self, Redrawn};

/// An attachment's own facts, found on a blocking thread.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) content_type: String,
    pub(super) sha256: String,
    /// The version to display and its hash.
    pub(super) display: Option<(String, Redrawn)>,
}

/// Hashes the bytes and, where they look like an image, makes the version to display.
pub(super) fn examine(
    content: &Content,
    bytes: &Bytes,
    format: Option<ImageFormat>,
) -> Result<Examined, FilesError> {
    let redrawn = match format {
        Some(format) => picture::redraw(bytes, format),
        None => Err(FilesError::NotAnImage),
    };
    let (declared, redrawn) = match content {
        Content::Image => ("", Some(redrawn?)),
        Content::File(media_type) => (media_type.as_str(), redrawn.ok()),
    };
    let content_type = match format {
        Some(format) => format.to_mime_type().to_owned(),
        None => declared_type(declared),
    };
    let display = redrawn.map(|redrawn| (sha256(&redrawn.bytes), redrawn));
    Ok(Examined { content_type, sha256: sha256(bytes), display })
}

/// The sender's media type without its parameters, unless it is malformed or claims an image
/// that the bytes have just denied.
fn declared_type(declared: &str) -> String {
    let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let token = |part: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        (1..=127).contains(&part.len()) && part.bytes().all(allowed)
    };
    let well_formed = essence.split_once('/').is_some_and(|(one, two)| token(one) && token(two));
    let denied = matches!(
        essence.as_str(),
        "image/png" | "image/jpeg" | "image/jpg" | "image/gif" | "image/webp" | "image/bmp"
    );
    if well_formed && !denied { essence } else { "application/octet-stream".to_owned() }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_type_is_taken_only_where_it_can_be_true() {
        for (declared, kept) in [
            ("application/pdf", "application/pdf"),
            ("Text/Plain; charset=utf-8", "text/plain"),
            ("image/svg+xml", "image/svg+xml"),
            ("image/png", "application/octet-stream"),
            ("text", "application/octet-stream"),
            ("text/html\r\nX: y", "application/octet-stream"),
            ("", "application/octet-stream"),
        ] {
            assert_eq!(declared_type(declared), kept, "{declared:?}");
        }
    }
}
