//! The methods that the bot calls.

use std::time::Instant;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::check::{
    Parameter, Refused, bad, boolean, commands, integer, length, markup, parameters, preview,
    reply, text, texts,
};
use super::{FakeTelegram, SentMessage, State, USERNAME};

/// Bytes of a file that a bot may fetch.
const LARGEST: usize = 20 * 1024 * 1024;

/// A call, as it came.
pub(super) struct Call {
    pub(super) method: String,
    pub(super) given: Map<String, Value>,
    /// A file: its field, its name, its bytes.
    pub(super) file: Option<(String, String, Bytes)>,
}

/// What a call is answered, and how long its caller shall wait where it is refused.
pub(super) type Answer = Result<Value, (Refused, Option<u64>, Option<i64>)>;

impl FakeTelegram {
    pub(super) fn answer(&self, call: Call) -> Answer {
        let mut state = self.state();
        state.calls.push((call.method.clone(), Value::Object(call.given.clone())));
        let refused = |refused: Refused| (refused, None, None);
        match call.method.as_str() {
            "sendMessage" | "sendPhoto" | "sendDocument" => send(&mut state, call),
            "getMe" => {
                parameters(&call.given, &[]).map_err(refused)?;
                Ok(json!({"id": 4242, "is_bot": true, "first_name": "Help", "username": USERNAME}))
            }
            "sendChatAction" => {
                let known = [Parameter("chat_id", true, integer), Parameter("action", true, text)];
                parameters(&call.given, &known).map_err(refused)?;
                state.known(&call.given).map_err(refused)?;
                Ok(json!(true))
            }
            "answerCallbackQuery" => {
                let known = [Parameter("callback_query_id", true, text)];
                parameters(&call.given, &known).map_err(refused)?;
                Ok(json!(true))
            }
            "setMyCommands" => {
                let known = [
                    Parameter("commands", true, commands),
                    Parameter("language_code", false, text),
                ];
                parameters(&call.given, &known).map_err(refused)?;
                Ok(json!(true))
            }
            "getFile" => get_file(&state, &call.given).map_err(refused),
            "deleteWebhook" => {
                let known = [Parameter("drop_pending_updates", false, boolean)];
                parameters(&call.given, &known).map_err(refused)?;
                state.webhook = None;
                Ok(json!(true))
            }
            "setWebhook" => set_webhook(&mut state, call.given).map_err(refused),
            "getWebhookInfo" => {
                parameters(&call.given, &[]).map_err(refused)?;
                let url =
                    state.webhook.as_ref().map_or(json!(""), |webhook| webhook["url"].clone());
                Ok(json!({
                    "url": url,
                    "has_custom_certificate": false,
                    "pending_update_count": state.queue.len(),
                }))
            }
            _ => Err(refused((404, "Not Found: method not found".to_owned()))),
        }
    }

    /// The updates that were not confirmed, from `offset` on; what is before it is forgotten.
    pub(super) fn updates(&self, given: &Map<String, Value>) -> Result<Vec<Value>, Refused> {
        let known = [
            Parameter("offset", false, integer),
            Parameter("limit", false, integer),
            Parameter("timeout", false, integer),
            Parameter("allowed_updates", false, texts),
        ];
        parameters(given, &known)?;
        let mut state = self.state();
        if state.webhook.is_some() {
            let words = "Conflict: can't use getUpdates method while webhook is active; \
                         use deleteWebhook to delete the webhook first";
            return Err((409, words.to_owned()));
        }
        if let Some(offset) = given.get("offset").and_then(Value::as_i64) {
            state.queue.retain(|update| update["update_id"].as_i64() >= Some(offset));
        }
        let limit = given.get("limit").and_then(Value::as_u64).unwrap_or(100);
        let limit = usize::try_from(limit).expect("a small number");
        Ok(state.queue.iter().take(limit).cloned().collect())
    }
}

fn send(state: &mut State, call: Call) -> Answer {
    let refused = |refused: Refused| (refused, None, None);
    let is_text = call.method == "sendMessage";
    let mut known = vec![
        Parameter("chat_id", true, integer),
        Parameter("reply_parameters", false, reply),
        Parameter("reply_markup", false, markup),
    ];
    if is_text {
        known.push(Parameter("text", true, text));
        known.push(Parameter("link_preview_options", false, preview));
    } else {
        known.push(Parameter("caption", false, text));
    }
    parameters(&call.given, &known).map_err(refused)?;
    if let Some((code, words, retry_after)) = state.refusals.pop_front() {
        return Err(((code, words), retry_after, None));
    }
    let chat = state.known(&call.given).map_err(refused)?;
    if let Some(to) = state.chats.get(&chat).and_then(|chat| chat.moved_to) {
        let words = bad("group chat was upgraded to a supergroup chat");
        return Err((words, None, Some(to)));
    }
    let words = call.given.get(if is_text { "text" } else { "caption" });
    let words = words.cloned().unwrap_or(json!(""));
    check_words(&words, is_text).map_err(refused)?;
    check_file(&call).map_err(refused)?;
    let pace = state.pace;
    let its = state.chats.entry(chat).or_default();
    if let (Some(pace), Some(at)) = (pace, its.sent_at)
        && at.elapsed() < pace
    {
        let seconds = (pace - at.elapsed()).as_secs() + 1;
        let words = format!("Too Many Requests: retry after {seconds}");
        return Err(((429, words), Some(seconds), None));
    }
    its.sent_at = Some(Instant::now());
    its.last_message += 1;
    let message_id = its.last_message;
    state.sent.push(SentMessage {
        method: call.method,
        chat,
        message_id,
        text: words.as_str().unwrap_or_default().to_owned(),
        parameters: Value::Object(call.given),
        file: call.file.map(|(_, name, bytes)| (name, bytes)),
    });
    Ok(json!({
        "message_id": message_id, "date": 1_795_000_000, "chat": {"id": chat, "type": "private"},
    }))
}

fn check_words(words: &Value, is_text: bool) -> Result<(), Refused> {
    let is_blank = words.as_str().is_none_or(|words| words.trim().is_empty());
    if is_text && is_blank {
        return Err(bad("message text is empty"));
    }
    if length(words) > if is_text { 4_096 } else { 1_024 } {
        let what = if is_text { "message is too long" } else { "message caption is too long" };
        return Err(bad(what));
    }
    Ok(())
}

fn check_file(call: &Call) -> Result<(), Refused> {
    let field = match call.method.as_str() {
        "sendPhoto" => "photo",
        "sendDocument" => "document",
        _ => return Ok(()),
    };
    match &call.file {
        Some((name, _, bytes)) if name == field && !bytes.is_empty() => Ok(()),
        _ => Err(bad(format!("there is no {field} in the request"))),
    }
}

fn get_file(state: &State, given: &Map<String, Value>) -> Result<Value, Refused> {
    parameters(given, &[Parameter("file_id", true, text)])?;
    let id = given["file_id"].as_str().unwrap_or_default();
    let wrong = "wrong file_id or the file is temporarily unavailable";
    let file = state.files.get(id).ok_or_else(|| bad(wrong))?;
    if file.bytes.len() > LARGEST {
        return Err(bad("file is too big"));
    }
    Ok(json!({"file_id": id, "file_unique_id": id, "file_path": format!("files/{id}")}))
}

fn set_webhook(state: &mut State, given: Map<String, Value>) -> Result<Value, Refused> {
    let known = [
        Parameter("url", true, text),
        Parameter("secret_token", false, text),
        Parameter("allowed_updates", false, texts),
        Parameter("max_connections", false, integer),
    ];
    parameters(&given, &known)?;
    if !given["url"].as_str().is_some_and(|url| url.starts_with("https://")) {
        return Err(bad("bad webhook: An HTTPS URL must be provided for webhook"));
    }
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let secret = given.get("secret_token").and_then(Value::as_str).unwrap_or("a");
    if !(1..=256).contains(&secret.len()) || !secret.chars().all(is_letter) {
        return Err(bad("secret token contains unallowed characters"));
    }
    state.webhook = Some(Value::Object(given));
    Ok(json!(true))
}

impl State {
    /// The chat that is meant, where the bot may write to it.
    fn known(&self, given: &Map<String, Value>) -> Result<i64, Refused> {
        let id = given["chat_id"].as_i64().unwrap_or_default();
        match self.chats.get(&id) {
            None => Err(bad("chat not found")),
            Some(chat) if chat.blocked => {
                Err((403, "Forbidden: bot was blocked by the user".to_owned()))
            }
            Some(_) => Ok(id),
        }
    }
}
