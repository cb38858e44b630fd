//! What a provider refuses: the rules of chat completions and of strict schemas, as OpenAI has them.

use axum::http::HeaderMap;
use base64::Engine as _;
use serde_json::{Map, Value, json};

use super::provider::{KEY, MODEL};

type Refusal = (u16, String);
type Checked<T> = Result<T, Refusal>;

fn wrong<T>(complaint: impl Into<String>) -> Checked<T> {
    Err((400, complaint.into()))
}

/// The request, if it is right in every part.
pub fn check(headers: &HeaderMap, body: &[u8]) -> Checked<Value> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("authorization") != Some(format!("Bearer {KEY}").as_str()) {
        return Err((401, "Incorrect API key provided.".into()));
    }
    if header("content-type") != Some("application/json") {
        return Err((415, "The body must be JSON.".into()));
    }
    let Ok(asked) = serde_json::from_slice::<Value>(body) else {
        return wrong("The body is not JSON.");
    };
    let fields = only(
        &asked,
        &["model", "messages", "temperature", "max_completion_tokens", "response_format"],
    )?;
    match fields.get("model").and_then(Value::as_str) {
        None => return wrong("you must provide a model parameter"),
        Some(model) if model != MODEL => return Err((404, format!("no model {model}"))),
        Some(_) => {}
    }
    check_messages(fields.get("messages"))?;
    if let Some(temperature) = fields.get("temperature") {
        let heat = temperature.as_f64().filter(|heat| (0.0..=2.0).contains(heat));
        heat.ok_or((400, "temperature is from 0 to 2".to_owned()))?;
    }
    if let Some(format) = fields.get("response_format") {
        check_format(format, &asked)?;
    }
    Ok(asked)
}

fn only<'a>(value: &'a Value, names: &[&str]) -> Checked<&'a Map<String, Value>> {
    let Some(fields) = value.as_object() else { return wrong("an object is wanted") };
    match fields.keys().find(|name| !names.contains(&name.as_str())) {
        Some(unknown) => wrong(format!("Unrecognized request argument supplied: {unknown}")),
        None => Ok(fields),
    }
}

fn check_messages(messages: Option<&Value>) -> Checked<()> {
    let Some(messages) = messages.and_then(Value::as_array).filter(|all| !all.is_empty()) else {
        return wrong("messages is too short");
    };
    let mut instructions = 0;
    for message in messages {
        let fields = only(message, &["role", "content", "name"])?;
        let role = fields.get("role").and_then(Value::as_str).unwrap_or_default();
        let content = fields.get("content").unwrap_or(&Value::Null);
        match role {
            "system" | "developer" => instructions += 1,
            "user" | "assistant" => {}
            _ => return wrong(format!("{role:?} is not a role")),
        }
        match content {
            Value::String(text) if !text.is_empty() => {}
            Value::Array(parts) if role == "user" && !parts.is_empty() => {
                parts.iter().try_for_each(check_part)?;
            }
            _ => return wrong("content must be a text or parts"),
        }
    }
    if instructions == 0 { wrong("there are no instructions") } else { Ok(()) }
}

fn check_part(part: &Value) -> Checked<()> {
    match part["type"].as_str() {
        Some("text") => only(part, &["type", "text"]).map(|_| ()),
        Some("image_url") => {
            only(part, &["type", "image_url"])?;
            only(&part["image_url"], &["url", "detail"])?;
            let url = part["image_url"]["url"].as_str().unwrap_or_default();
            let bytes = ["data:image/png;base64,", "data:image/jpeg;base64,"]
                .iter()
                .find_map(|begin| url.strip_prefix(begin));
            let decode = |text| base64::engine::general_purpose::STANDARD.decode(text).ok();
            match bytes.and_then(decode) {
                Some(bytes) if !bytes.is_empty() => Ok(()),
                _ => wrong("Invalid image data."),
            }
        }
        _ => wrong("unknown part"),
    }
}

fn check_format(format: &Value, asked: &Value) -> Checked<()> {
    match format["type"].as_str() {
        Some("json_object") => {
            only(format, &["type"])?;
            let says_json = asked["messages"].to_string().to_lowercase().contains("json");
            if says_json { Ok(()) } else { wrong("'messages' must contain the word 'json'") }
        }
        Some("json_schema") => {
            only(format, &["type", "json_schema"])?;
            let fields =
                only(&format["json_schema"], &["name", "schema", "strict", "description"])?;
            let is_sign = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            let name = fields.get("name").and_then(Value::as_str).unwrap_or_default();
            if name.is_empty() || name.len() > 64 || !name.chars().all(is_sign) {
                return wrong("the schema needs a name");
            }
            if fields.get("strict") != Some(&json!(true)) {
                return wrong("the schema is not strict");
            }
            match fields.get("schema") {
                Some(schema) if schema["type"] == "object" => check_schema(schema),
                _ => wrong("the schema must be that of an object"),
            }
        }
        _ => wrong("unknown response_format"),
    }
}

/// Strict schemas know few words, and nothing may be left open.
fn check_schema(schema: &Value) -> Checked<()> {
    let known =
        ["type", "properties", "required", "additionalProperties", "enum", "items", "description"];
    let fields = only(schema, &known)?;
    let types = match fields.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => return wrong("'type' is missing"),
    };
    if types.contains(&"object") {
        if fields.get("additionalProperties") != Some(&json!(false)) {
            return wrong("'additionalProperties' is required to be supplied and to be false");
        }
        let Some(properties) = fields.get("properties").and_then(Value::as_object) else {
            return wrong("'properties' is missing");
        };
        let required = fields.get("required").and_then(Value::as_array);
        let is_required =
            |name: &String| required.is_some_and(|all| all.iter().any(|r| r == name.as_str()));
        if let Some(name) = properties.keys().find(|name| !is_required(name)) {
            return wrong(format!("'required' must include every key: missing '{name}'"));
        }
        properties.values().try_for_each(check_schema)?;
    }
    if types.contains(&"array") {
        let items = fields.get("items");
        items.map_or_else(|| wrong("array schema missing items"), check_schema)?;
    }
    Ok(())
}

#[test]
fn it_refuses_what_a_real_one_would() {
    let mut headers = HeaderMap::new();
    let good = json!({
        "model": MODEL,
        "messages": [{ "role": "system", "content": "x" }, { "role": "user", "content": "y" }],
    });
    let status = |headers: &HeaderMap, asked: &Value| {
        check(headers, asked.to_string().as_bytes()).map_or_else(|(status, _)| status, |_| 200)
    };
    headers.insert("content-type", "application/json".parse().unwrap());
    assert_eq!(status(&headers, &good), 401);
    headers.insert("authorization", "Bearer wrong".parse().unwrap());
    assert_eq!(status(&headers, &good), 401);
    headers.insert("authorization", format!("Bearer {KEY}").parse().unwrap());
    assert_eq!(status(&headers, &good), 200);
    let schema = |schema: Value| {
        let named = json!({ "name": "a", "strict": true, "schema": schema });
        json!({ "type": "json_schema", "json_schema": named })
    };
    for (name, value, expected) in [
        ("model", json!("another"), 404),
        ("messages", json!([]), 400),
        ("messages", json!([{ "role": "user", "content": "no instructions" }]), 400),
        ("messages", json!([{ "role": "robot", "content": "x" }]), 400),
        ("top_secret", json!(1), 400),
        ("temperature", json!(3), 400),
        ("response_format", json!({ "type": "json_object" }), 400),
        ("response_format", schema(json!({ "type": "object", "properties": {} })), 400),
        (
            "response_format",
            schema(json!({
                "type": "object", "additionalProperties": false, "required": [],
                "properties": { "reply": { "type": "string" } },
            })),
            400,
        ),
    ] {
        let mut asked = good.clone();
        asked[name] = value.clone();
        assert_eq!(status(&headers, &asked), expected, "{name}: {value}");
    }
}
