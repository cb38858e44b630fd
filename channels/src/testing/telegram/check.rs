//! What Telegram refuses of parameters, in its words.

use serde_json::{Map, Value};

/// A refusal: the code and the words.
pub(super) type Refused = (u16, String);
type Check = fn(&Value) -> bool;

pub(super) fn bad(words: impl Into<String>) -> Refused {
    (400, format!("Bad Request: {}", words.into()))
}

/// A parameter: its name, whether it is needed, and what it must be.
pub(super) struct Parameter(pub(super) &'static str, pub(super) bool, pub(super) Check);

/// Each parameter is known and what it must be; none that is needed is missing.
pub(super) fn parameters(given: &Map<String, Value>, known: &[Parameter]) -> Result<(), Refused> {
    for (name, value) in given {
        let Some(Parameter(_, _, check)) = known.iter().find(|known| known.0 == name) else {
            return Err(bad(format!("unknown parameter \"{name}\" (this server is strict)")));
        };
        if !check(value) {
            return Err(bad(format!("can't parse field \"{name}\"")));
        }
    }
    let missing = known.iter().find(|known| known.1 && !given.contains_key(known.0));
    missing.map_or(Ok(()), |missing| Err(bad(format!("field \"{}\" is missing", missing.0))))
}

pub(super) fn integer(value: &Value) -> bool {
    value.is_i64()
}

pub(super) fn boolean(value: &Value) -> bool {
    value.is_boolean()
}

pub(super) fn text(value: &Value) -> bool {
    value.is_string()
}

pub(super) fn texts(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}

pub(super) fn preview(value: &Value) -> bool {
    value.as_object().is_some_and(|o| o.values().all(Value::is_boolean) && o.len() == 1)
}

pub(super) fn reply(value: &Value) -> bool {
    value["message_id"].is_i64()
}

pub(super) fn commands(value: &Value) -> bool {
    let is_command = |command: &Value| {
        let name = command["command"].as_str().unwrap_or_default();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase());
        is_name && (1..=256).contains(&length(&command["description"]))
    };
    value.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(is_command))
}

pub(super) fn markup(value: &Value) -> bool {
    let rows = |rows: &Value, check: Check| {
        let is_row = |row: &Value| row.as_array().is_some_and(|row| row.iter().all(check));
        rows.as_array().is_some_and(|rows| rows.iter().all(is_row))
    };
    let pressed = |button: &Value| {
        let data = button["data"].as_str().or(button["callback_data"].as_str());
        length(&button["text"]) > 0 && data.is_some_and(|data| (1..=64).contains(&data.len()))
    };
    let typed = |button: &Value| length(&button["text"]) > 0;
    rows(&value["inline_keyboard"], pressed) || rows(&value["keyboard"], typed)
}

/// UTF-16 code units.
pub(super) fn length(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.encode_utf16().count())
}
