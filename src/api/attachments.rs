//! Files of messages.

use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use centrium_channels::Problem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::ids::number;
use super::query::Query;
use super::refusal::{ErrorOut, Refused};
use crate::engine::Engine;
use crate::store::attachments::{self, Attachment};

/// Characters that stand for themselves in `filename*` (RFC 5987, `attr-char`).
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Whatever a file holds: it is no page, and runs nothing.
const CSP: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Get a file
///
/// An image comes re-encoded, to be shown; anything else, and every original, as a download.
#[utoipa::path(
    get,
    path = "/api/attachments/{id}",
    tag = "Tickets",
    security(("api_token" = [])),
    params(
        ("id" = i64, Path, description = "The attachment's number"),
        ("original" = Option<u8>, Query,
            description = "1 for an image as it came", example = 1),
    ),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "*/*"),
        (status = 400, description = "The address is not as it should be", body = ErrorOut),
        (status = 404, description = "There is no such attachment", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn get_attachment(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Response, Problem> {
    let id = number(&id, "attachment")?;
    let file = attachments::get(&*engine.store.read().await?, id).await?;
    let file = file.ok_or_else(|| Problem::not_found("There is no such attachment."))?;
    let wants_original = matches!(query.get("original"), Some("1" | "true"));
    let shown = Shown::of(&file, wants_original);
    let bytes = engine.files.fetch(shown.key).await?;
    Ok((shown.headers(&file.name), bytes).into_response())
}

/// Which version of a file is given, and how.
struct Shown<'a> {
    key: &'a str,
    content_type: &'a str,
    disposition: &'static str,
}

impl<'a> Shown<'a> {
    fn of(file: &'a Attachment, wants_original: bool) -> Self {
        match (&file.display_key, &file.display_type) {
            (Some(key), Some(content_type)) if !wants_original => {
                Self { key, content_type, disposition: "inline" }
            }
            _ => {
                Self { key: &file.key, content_type: &file.content_type, disposition: "attachment" }
            }
        }
    }

    fn headers(&self, name: &str) -> [(HeaderName, HeaderValue); 5] {
        let content_type = HeaderValue::from_str(self.content_type).unwrap_or(BYTES);
        let disposition = HeaderValue::from_str(&disposition(self.disposition, name))
            .unwrap_or(HeaderValue::from_static("attachment"));
        [
            (CONTENT_TYPE, content_type),
            (CONTENT_DISPOSITION, disposition),
            (CONTENT_SECURITY_POLICY, CSP),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (CACHE_CONTROL, HeaderValue::from_static("private")),
        ]
    }
}

/// The header's value (RFC 6266): the name once in plain ASCII for old clients, once as it is.
fn disposition(kind: &str, name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '_' })
        .map(|c| if matches!(c, '"' | '\\' | '%') { '_' } else { c })
        .collect();
    format!(
        "{kind}; filename=\"{plain}\"; filename*=UTF-8''{}",
        utf8_percent_encode(name, ATTR_CHAR)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Attachment {
        Attachment {
            id: 1,
            message_id: 1,
            name: "фото.webp".into(),
            content_type: "image/webp".into(),
            size: 1,
            sha256: String::new(),
            key: "original".into(),
            display_key: Some("display".into()),
            display_type: Some("image/png".into()),
            created_at: 0,
        }
    }

    fn shown(file: &Attachment, wants_original: bool) -> (&str, &str, &str) {
        let shown = Shown::of(file, wants_original);
        (shown.key, shown.content_type, shown.disposition)
    }

    #[test]
    fn only_a_redrawn_image_is_shown() {
        assert_eq!(shown(&image(), false), ("display", "image/png", "inline"));
        assert_eq!(shown(&image(), true), ("original", "image/webp", "attachment"));
        let page = Attachment {
            content_type: "text/html".into(),
            display_key: None,
            display_type: None,
            ..image()
        };
        assert_eq!(shown(&page, false), ("original", "text/html", "attachment"));
    }

    #[test]
    fn a_name_can_not_leave_its_place_in_the_header() {
        assert_eq!(
            disposition("attachment", "a\"; x=\\y%41.txt"),
            "attachment; filename=\"a_; x=_y_41.txt\"; \
             filename*=UTF-8''a%22%3B%20x%3D%5Cy%2541.txt"
        );
        assert_eq!(
            disposition("attachment", "счёт.pdf"),
            "attachment; filename=\"____.pdf\"; filename*=UTF-8''%D1%81%D1%87%D1%91%D1%82.pdf"
        );
        let broken = disposition("attachment", "a\r\nSet-Cookie: b");
        assert!(HeaderValue::from_str(&broken).is_ok(), "{broken}");
    }

    #[test]
    fn every_file_comes_with_what_keeps_it_from_running() {
        let file = image();
        let headers = Shown::of(&file, false).headers(&file.name);
        let value = |name: HeaderName| {
            let found = headers.iter().find(|(known, _)| *known == name).unwrap();
            found.1.to_str().unwrap()
        };
        assert_eq!(value(X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(value(CONTENT_SECURITY_POLICY), "default-src 'none'; sandbox");
        assert_eq!(value(CACHE_CONTROL), "private");
    }
}
