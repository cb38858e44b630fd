//! The one change that is made to a customer's words: PostgreSQL can't hold U+0000.

use centrium_channels::Incoming;
use serde_json::Value;

/// Replaces U+0000 by U+FFFD in every text of a message.
pub(super) fn clean(mut message: Incoming) -> Incoming {
    let sender = &mut message.sender;
    if let Some(profile) = &mut sender.profile {
        let texts = [&mut profile.first_name, &mut profile.last_name, &mut profile.username];
        texts.into_iter().flatten().for_each(replace);
    }
    for text in [&mut sender.identifier, &mut message.text] {
        replace(text);
    }
    for text in [
        &mut sender.name,
        &mut sender.email,
        &mut sender.phone,
        &mut message.conversation,
        &mut message.external_id,
        &mut message.subject,
        &mut message.machine,
    ]
    .into_iter()
    .flatten()
    {
        replace(text);
    }
    if let Some(idempotency) = &mut message.idempotency {
        replace(&mut idempotency.key);
    }
    clean_json(&mut message.metadata);
    message
}

/// The same for texts that an operator or another system gives.
pub fn clean_text(mut text: String) -> String {
    replace(&mut text);
    text
}

fn replace(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{FFFD}");
    }
}

/// The same in every string and key of a JSON value.
pub fn clean_json(value: &mut Value) {
    match value {
        Value::String(text) => replace(text),
        Value::Array(items) => items.iter_mut().for_each(clean_json),
        Value::Object(map) => {
            if map.keys().any(|key| key.contains('\0')) {
                *map = std::mem::take(map)
                    .into_iter()
                    .map(|(key, value)| (key.replace('\0', "\u{FFFD}"), value))
                    .collect();
            }
            map.values_mut().for_each(clean_json);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
