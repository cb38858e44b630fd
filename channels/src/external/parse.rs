//! From bytes to a message, without I/O. Each error is a sentence for whoever wrote the caller.

use serde_json::{Map, Value};

use super::{fingerprint, image};
use crate::{
    Attachment, ChannelKind, Content, Error, Idempotency, Incoming, KeyId, Kind, Result, Sender,
    json,
};

/// The object that a body holds. Its content type does not matter: `curl -d` sends another.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>> {
    let Ok(text) = std::str::from_utf8(body) else {
        return Err(invalid("The body is not valid UTF-8."));
    };
    if text.trim().is_empty() {
        return Err(invalid("The body is empty; it must be a JSON object."));
    }
    match json::parse(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(invalid("The body must be a JSON object.")),
        // What is JSON, and yet not read, has too many values.
        Err(error) if error.is_data() => {
            Err(invalid(format!("The body holds more than {} values.", json::MAX_VALUES)))
        }
        Err(error) => Err(invalid(format!(
            "The body is not valid JSON: see line {}, column {}.",
            error.line(),
            error.column()
        ))),
    }
}

/// Takes the caller's key out of what was asked. A key that is no string is none.
pub(super) fn take_api_key(asked: &mut Map<String, Value>) -> Option<String> {
    match asked.remove("api_key") {
        Some(Value::String(key)) if !key.is_empty() => Some(key),
        _ => None,
    }
}

/// The message that `caller` asked to be taken in, by a request with this idempotency key.
pub(super) fn message(
    mut asked: Map<String, Value>,
    caller: KeyId,
    idempotency_key: Option<String>,
) -> Result<Incoming> {
    let idempotency =
        idempotency_key.map(|key| Idempotency { caller, key, request: fingerprint::of(&asked) });
    let identifier = required_text(&mut asked, "user_identifier")?;
    let image = optional_text(&mut asked, "image_base64")?;
    let text = match image {
        Some(_) => optional_text(&mut asked, "text")?.unwrap_or_default(),
        None => required_text(&mut asked, "text")?,
    };
    let conversation = optional_text(&mut asked, "external_id")?;
    if conversation.as_ref().is_some_and(|id| id.trim().is_empty()) {
        return Err(invalid("external_id must not be blank; leave it out when there is none."));
    }
    let mut metadata = metadata(&mut asked)?;
    Ok(Incoming {
        channel: ChannelKind::Api,
        sender: Sender {
            identifier,
            name: detail(&mut metadata, "full_name")?,
            email: detail(&mut metadata, "email")?,
            phone: phone(&mut metadata)?,
            ..Sender::default()
        },
        external_id: None,
        conversation,
        subject: None,
        text,
        attachments: image.as_deref().map(attachment).transpose()?.into_iter().collect(),
        metadata: if metadata.is_empty() { Value::Null } else { Value::Object(metadata) },
        idempotency,
        awaits_reply: true,
        machine: None,
        edits: None,
    })
}

fn attachment(image_base64: &str) -> Result<Attachment> {
    let bytes = image::decode(image_base64)?;
    Ok(Attachment { name: "image".to_owned(), content: Content::Image, bytes })
}

fn metadata(asked: &mut Map<String, Value>) -> Result<Map<String, Value>> {
    match asked.remove("metadata") {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(metadata)) => Ok(metadata),
        Some(_) => Err(invalid("metadata must be a JSON object.")),
    }
}

/// Something about the customer. A blank one says nothing, and is none.
fn detail(metadata: &mut Map<String, Value>, field: &str) -> Result<Option<String>> {
    match metadata.remove(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
        Some(_) => Err(invalid(format!("metadata.{field} must be a string."))),
    }
}

/// A phone is digits, and many systems keep them as a number.
fn phone(metadata: &mut Map<String, Value>) -> Result<Option<String>> {
    if let Some(Value::Number(digits)) = metadata.get("phone") {
        let text = digits.to_string();
        metadata.remove("phone");
        return Ok(Some(text));
    }
    detail(metadata, "phone")
}

fn required_text(asked: &mut Map<String, Value>, field: &str) -> Result<String> {
    match optional_text(asked, field)? {
        None => Err(invalid(format!("{field} is missing."))),
        Some(text) if text.trim().is_empty() => Err(invalid(format!("{field} must not be blank."))),
        Some(text) => Ok(text),
    }
}

fn optional_text(asked: &mut Map<String, Value>, field: &str) -> Result<Option<String>> {
    match asked.remove(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(format!("{field} must be a string."))),
    }
}

fn invalid(sentence: impl Into<String>) -> Error {
    Error::new(Kind::Invalid, sentence)
}
