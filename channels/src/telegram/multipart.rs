//! `multipart/form-data` (RFC 7578), by which files are sent.

use serde_json::Value;

use crate::{Attachment, Content};

/// A form: its content type and its body. A field that is no text is written as JSON.
pub(super) fn form(fields: &Value, name: &str, file: &Attachment) -> (String, Vec<u8>) {
    let texts: Vec<(&String, String)> = fields
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        })
        .collect();
    let boundary = boundary(&texts, file);
    let mut body = Vec::with_capacity(file.bytes.len() + 1_024);
    for (name, text) in &texts {
        let head =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(text.as_bytes());
        body.extend_from_slice(b"\r\n");
    }
    let media_type = match &file.content {
        Content::Image => "image/jpeg",
        Content::File(media_type) => media_type,
    };
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{}\"\r\n\
         Content-Type: {}\r\n\r\n",
        quoted(&file.name),
        line(media_type),
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(&file.bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// A line that is in none of the parts.
fn boundary(texts: &[(&String, String)], file: &Attachment) -> String {
    let holds = |boundary: &str| {
        texts.iter().any(|(_, text)| text.contains(boundary))
            || file.bytes.windows(boundary.len()).any(|part| part == boundary.as_bytes())
    };
    let mut number = 0_u64;
    loop {
        let boundary = format!("centrium-form-{number}");
        if !holds(&boundary) {
            return boundary;
        }
        number += 1;
    }
}

/// A file's name as browsers write it.
fn quoted(name: &str) -> String {
    line(name).replace('"', "%22")
}

fn line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    #[test]
    fn no_part_holds_the_boundary() {
        let file = Attachment {
            name: "a\"b\r\n.txt".to_owned(),
            content: Content::File("text/plain".to_owned()),
            bytes: Bytes::from_static(b"--centrium-form-0--"),
        };
        let fields = json!({"chat_id": 5, "caption": "centrium-form-1"});
        let (content_type, body) = form(&fields, "document", &file);
        assert_eq!(content_type, "multipart/form-data; boundary=centrium-form-2");
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains("name=\"chat_id\"\r\n\r\n5\r\n--centrium-form-2"), "{body}");
        assert!(body.contains("filename=\"a%22b  .txt\"\r\nContent-Type: text/plain\r\n\r\n--"));
        assert!(body.ends_with("\r\n--centrium-form-2--\r\n"));
    }
}
