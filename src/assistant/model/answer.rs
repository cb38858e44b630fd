//! What an endpoint answers: the completion around the answer, and the answer itself.

use serde::Deserialize;

use super::failure::Failure;

/// The part of a completion that is read. Endpoints differ in everything else, so that the whole of
/// it is not asked for.
#[derive(Debug, Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

/// The tokens that a completion took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Usage {
    #[serde(default)]
    pub(super) prompt_tokens: u64,
    #[serde(default)]
    pub(super) completion_tokens: u64,
}

/// The answer, as the model gave it. Of the fields that it must have, two can't be done without;
/// the others are only as good as they are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Answer {
    pub(super) reply: String,
    pub(super) needs_escalation: bool,
    #[serde(default)]
    pub(super) reason: Option<String>,
    #[serde(default)]
    pub(super) category: Option<String>,
    #[serde(default)]
    pub(super) priority: Option<String>,
    #[serde(default)]
    pub(super) department: Option<String>,
    #[serde(default)]
    pub(super) subject: Option<String>,
    #[serde(default)]
    pub(super) language: Option<String>,
    #[serde(default)]
    pub(super) sources: Option<Vec<String>>,
}

/// The answer inside a completion, and the tokens that this took.
pub(super) fn read(body: &[u8]) -> (Result<Answer, Failure>, Option<Usage>) {
    let Ok(completion) = serde_json::from_slice::<Completion>(body) else {
        return (Err(Failure::Misshapen), None);
    };
    (first(completion.choices), completion.usage)
}

fn first(choices: Vec<Choice>) -> Result<Answer, Failure> {
    let Choice { message, finish_reason } = choices.into_iter().next().ok_or(Failure::Misshapen)?;
    let is_refused = message.refusal.is_some_and(|refusal| !refusal.trim().is_empty());
    if is_refused || finish_reason.as_deref() == Some("content_filter") {
        return Err(Failure::Refused);
    }
    if finish_reason.as_deref() == Some("length") {
        return Err(Failure::CutOff);
    }
    let content = message.content.unwrap_or_default();
    if content.trim().is_empty() {
        return Err(Failure::Empty);
    }
    serde_json::from_str(without_fence(&content)).map_err(|_| Failure::Misshapen)
}

/// Models without schemas like to write JSON as a block of code.
fn without_fence(content: &str) -> &str {
    let content = content.trim();
    let inside = content.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    inside.map_or(content, |rest| rest.trim_start_matches(char::is_alphabetic).trim())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn completion(message: Value, finish_reason: &str) -> Vec<u8> {
        let choice = json!({ "index": 0, "message": message, "finish_reason": finish_reason });
        json!({ "choices": [choice], "usage": { "prompt_tokens": 7, "completion_tokens": 3 } })
            .to_string()
            .into_bytes()
    }

    #[test]
    fn an_answer_is_read_also_from_a_block_of_code() {
        let plain = r#"{"reply":"Да","needs_escalation":false}"#;
        for content in [plain.to_owned(), format!("```json\n{plain}\n```"), format!(" {plain}\n")] {
            let (answer, usage) = read(&completion(json!({ "content": content }), "stop"));
            assert_eq!(answer.unwrap().reply, "Да");
            assert_eq!(usage, Some(Usage { prompt_tokens: 7, completion_tokens: 3 }));
        }
    }

    #[test]
    fn what_is_no_answer_is_named() {
        let wrong = r#"{"reply":"x","needs_escalation":"no"}"#;
        for (message, finish_reason, failure) in [
            (json!({ "content": null, "refusal": "I can't." }), "stop", Failure::Refused),
            (json!({ "content": "" }), "content_filter", Failure::Refused),
            (json!({ "content": "{\"reply\":" }), "length", Failure::CutOff),
            (json!({ "content": " " }), "stop", Failure::Empty),
            (json!({ "content": "Hello!" }), "stop", Failure::Misshapen),
            (json!({ "content": "{}" }), "stop", Failure::Misshapen),
            (json!({ "content": wrong }), "stop", Failure::Misshapen),
            (
                json!({ "content": "{\"reply\":\"x\",\"needs_escalation\":false} and more" }),
                "stop",
                Failure::Misshapen,
            ),
        ] {
            assert_eq!(read(&completion(message, finish_reason)).0, Err(failure));
        }
        assert_eq!(read(b"<html>").0, Err(Failure::Misshapen));
        assert_eq!(read(br#"{"choices":[]}"#).0, Err(Failure::Misshapen));
    }
}
