//! What an endpoint is asked: the request for a chat completion, in the types of async-openai.

use async_openai::types::chat::{
    ChatCompletionRequestMessage, ChatCompletionRequestMessageContentPartImage,
    ChatCompletionRequestMessageContentPartText, ChatCompletionRequestSystemMessage,
    ChatCompletionRequestUserMessage, ChatCompletionRequestUserMessageContent,
    ChatCompletionRequestUserMessageContentPart as Part, CreateChatCompletionRequest, ImageUrl,
    ResponseFormat, ResponseFormatJsonSchema,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::assistant::Picture;
use crate::assistant::prompts::Prompts;
use crate::assistant::prompts::template::Output;

/// One question to the model.
#[derive(Clone, Debug)]
pub(super) struct Question<'a> {
    pub(super) model: &'a str,
    pub(super) temperature: Option<f32>,
    pub(super) max_tokens: Option<u32>,
    pub(super) system: &'a str,
    pub(super) user: &'a str,
    pub(super) pictures: &'a [Picture],
    pub(super) schema: &'a Value,
}

/// About as many tokens as these bytes of text are, for what no endpoint has counted: three bytes or
/// more in most languages.
pub(super) fn tokens(bytes: usize) -> u64 {
    u64::try_from(bytes / 3).unwrap_or(u64::MAX)
}

impl Question<'_> {
    /// About as many tokens as it is, without its pictures.
    pub(super) fn tokens(&self) -> u64 {
        tokens(self.system.len() + self.user.len())
    }

    /// The body of the request, where the answer's form is asked for in this way.
    pub(super) fn body(&self, output: Output, with_temperature: bool) -> Vec<u8> {
        let request = CreateChatCompletionRequest {
            model: self.model.to_owned(),
            messages: vec![
                ChatCompletionRequestSystemMessage::from(self.system).into(),
                self.user_message(),
            ],
            temperature: self.temperature.filter(|_| with_temperature),
            max_completion_tokens: self.max_tokens,
            response_format: self.format(output),
            ..CreateChatCompletionRequest::default()
        };
        // Texts, numbers and maps with texts as keys can always be written.
        serde_json::to_vec(&request).unwrap_or_default()
    }

    fn user_message(&self) -> ChatCompletionRequestMessage {
        if self.pictures.is_empty() {
            return ChatCompletionRequestUserMessage::from(self.user).into();
        }
        let text = ChatCompletionRequestMessageContentPartText::from(self.user);
        let picture = |picture: &Picture| {
            let bytes = STANDARD.encode(&picture.bytes);
            let url = format!("data:{};base64,{bytes}", picture.content_type);
            let image_url = ImageUrl { url, detail: None };
            Part::ImageUrl(ChatCompletionRequestMessageContentPartImage::from(image_url))
        };
        let parts = std::iter::once(Part::Text(text)).chain(self.pictures.iter().map(picture));
        ChatCompletionRequestUserMessage {
            content: ChatCompletionRequestUserMessageContent::Array(parts.collect()),
            name: None,
        }
        .into()
    }

    fn format(&self, output: Output) -> Option<ResponseFormat> {
        match output {
            Output::Schema => {
                let json_schema = ResponseFormatJsonSchema {
                    description: None,
                    name: "answer".to_owned(),
                    schema: self.schema.clone(),
                    strict: Some(true),
                };
                Some(ResponseFormat::JsonSchema { json_schema })
            }
            Output::Json => Some(ResponseFormat::JsonObject),
            Output::Text => None,
        }
    }
}

/// The form of an answer, in the part of JSON Schema that strict endpoints know: every field is
/// required, and no other may be there.
pub(super) fn schema(prompts: &Prompts) -> Value {
    let text = json!({ "type": "string" });
    let text_or_null = json!({ "type": ["string", "null"] });
    let one_of = |words: Vec<&str>| json!({ "type": "string", "enum": words });
    let fields = [
        ("reply", text.clone()),
        ("needs_escalation", json!({ "type": "boolean" })),
        ("reason", text_or_null.clone()),
        ("category", one_of(prompts.categories().collect())),
        ("priority", one_of(vec!["low", "medium", "high"])),
        ("department", one_of(prompts.departments().collect())),
        ("subject", text_or_null),
        ("language", one_of(vec!["ru", "kk", "en"])),
        ("sources", json!({ "type": "array", "items": text })),
    ];
    let names = fields.each_ref().map(|(name, _)| *name);
    json!({
        "type": "object",
        "properties": fields.into_iter().map(|(name, field)| (name.to_owned(), field))
            .collect::<serde_json::Map<_, _>>(),
        "required": names,
        "additionalProperties": false,
    })
}
