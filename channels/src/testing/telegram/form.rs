//! `multipart/form-data`, as a server reads it.

use bytes::Bytes;
use serde_json::{Map, Value};

/// The fields, and the file with its field and name.
pub(super) type Form = (Map<String, Value>, Option<(String, String, Bytes)>);

/// A form's parts; `None` where it is none. What is JSON becomes JSON.
pub(super) fn read(content_type: &str, body: &[u8]) -> Option<Form> {
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=")?;
    let line = format!("--{boundary}");
    let mut fields = Map::new();
    let mut file = None;
    let mut rest = body.strip_prefix(line.as_bytes())?;
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = find(part, format!("\r\n{line}").as_bytes())?;
        let (head, bytes) = cut(&part[..end])?;
        let name = attribute(&head, "name")?;
        match attribute(&head, "filename") {
            Some(file_name) => file = Some((name, file_name, Bytes::copy_from_slice(bytes))),
            None => {
                let text = String::from_utf8(bytes.to_vec()).ok()?;
                let is_text = matches!(name.as_str(), "text" | "caption");
                let json = serde_json::from_str(&text).ok().filter(|_| !is_text);
                fields.insert(name, json.unwrap_or(Value::String(text)));
            }
        }
        rest = &part[end + 2 + line.len()..];
    }
    (rest == b"--\r\n").then_some((fields, file))
}

fn cut(part: &[u8]) -> Option<(String, &[u8])> {
    let end = find(part, b"\r\n\r\n")?;
    Some((String::from_utf8(part[..end].to_vec()).ok()?, &part[end + 4..]))
}

fn attribute(head: &str, name: &str) -> Option<String> {
    let (_, value) = head.split_once(&format!("; {name}=\""))?;
    Some(value.split_once('"')?.0.to_owned())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
