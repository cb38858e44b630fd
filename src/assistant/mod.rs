//! Answers, and the judgement whether a human must come.

pub mod article;
pub mod builtin;
pub mod classifier;
pub mod courtesy;
mod knowledge;
pub mod language;
mod live;
pub mod model;
mod phrases;
pub mod prompts;
mod rules;
mod spelling;
mod stems;
pub mod texts;
mod words;

pub use article::Article;
pub use builtin::Builtin;
pub use courtesy::is_only_thanks;
pub use language::{Language, detect};
pub use live::{Instructions, Live};
pub use model::Model;
pub use prompts::{Prompts, PromptsError};
pub use texts::Texts;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Clock;
use crate::store::Store;
use crate::tickets::Priority;

/// Reads one turn of a conversation and decides what to say and whom to call.
///
/// The engine calls it outside of any transaction, bounds its time, and adds to the reply of an
/// escalated turn the sentence that an operator was called; the assistant does not say so itself.
#[async_trait]
pub trait Assistant: Send + Sync {
    /// A short name for the decision record, such as `builtin`.
    fn name(&self) -> &'static str;

    /// Answers the customer's last message.
    ///
    /// # Errors
    /// A sentence for the log. The customer then gets the canned text and an operator is called.
    async fn answer(&self, turn: &Turn) -> Result<Verdict, AssistantError>;

    /// What an operator is given as a draft when [`answer`](Assistant::answer) took too long or
    /// broke: the verdict of an assistant that needs nothing, marked as failed. Default: nothing.
    fn fall_back(&self, _turn: &Turn) -> Option<Verdict> {
        None
    }

    /// Whether it looks at [`Turn::pictures`]; they are not read for others.
    fn sees_pictures(&self) -> bool {
        false
    }

    /// Called once, before the first turn: where it may keep what it must remember.
    fn use_store(&self, _store: &Store, _clock: &Clock) {}

    /// The assistant itself, where it answers at once: see [`Immediate`].
    fn as_immediate(&self) -> Option<&dyn Immediate> {
        None
    }
}

/// An assistant that needs nothing but the turn: no network, no disk, well below a millisecond. Its
/// answer is stored together with the message, in one commit; any other's is made in a job, once
/// the message is stored.
pub trait Immediate: Send + Sync {
    /// The same as [`Assistant::answer`].
    fn decide(&self, turn: &Turn) -> Verdict;
}

/// The assistant could not answer; the text is for the log and holds no secret.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct AssistantError(pub String);

/// What the assistant sees: one message and what was said before it in the same ticket.
/// Never notes, drafts, other tickets or anyone else's data.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// What the customer wrote now. May be empty when there is an image.
    pub message: String,
    /// How many images came with it.
    pub images: usize,
    /// The images themselves, where the assistant looks at them; the first few, not too large.
    pub pictures: Vec<Picture>,
    /// What was said before in this ticket since it was last opened, at most the newest 30 messages,
    /// oldest first.
    pub history: Vec<Said>,
    /// The language this customer wrote in before, where known.
    pub language: Option<Language>,
    /// The ticket's category so far.
    pub category: Option<String>,
}

/// An image, as it may be displayed.
#[derive(Clone, Debug)]
pub struct Picture {
    /// `image/jpeg` or `image/png`.
    pub content_type: String,
    /// The image.
    pub bytes: Bytes,
}

/// One earlier message.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// Who spoke.
    pub by: Speaker,
    /// What was said.
    pub text: String,
}

/// Who spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The customer.
    Customer,
    /// An assistant, or the engine's own short acknowledgements.
    Assistant,
    /// A person of the company.
    Operator,
}

/// What the assistant decided.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The answer, in the customer's language, without markup.
    pub reply: String,
    /// Whether a human must come.
    pub needs_escalation: bool,
    /// Why, for the operator: the rule or the judgement, one sentence in the customer's language.
    pub reason: Option<String>,
    /// One of the categories in `prompts/categories.toml`.
    pub category: String,
    /// How urgent it is.
    pub priority: Priority,
    /// One of the departments in `prompts/categories.toml`.
    pub department: String,
    /// A subject for a ticket without one.
    pub subject: Option<String>,
    /// The language of the message.
    pub language: Language,
    /// Ids of the articles that the reply is made of.
    pub sources: Vec<String>,
    /// What led to it.
    pub basis: Basis,
}

/// What led to a verdict, for the record of the decision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Basis {
    /// The id of the rule in `prompts/escalation.toml` that called a human.
    pub rule: Option<String>,
    /// How likely the classifier holds it, from 0 to 1, that a human must come; where it was asked.
    pub likelihood: Option<f32>,
    /// The articles that were found, best first, at most five.
    pub passages: Vec<Passage>,
    /// The model that was asked.
    pub model: Option<ModelUse>,
    /// Why there is no answer that could be given: the customer gets the canned text, an operator is
    /// called, and the verdict's reply is a draft.
    pub failure: Option<String>,
}

/// An article, and how well it fits a turn.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Passage {
    /// The article's id.
    pub article: String,
    /// How well it fits; above 0, the more the better.
    pub score: f32,
}

/// What a model was asked, and what that cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct ModelUse {
    /// Its name, as the endpoint calls it.
    pub name: String,
    /// The first 12 hexadecimal digits of the SHA-256 of the instructions it was given.
    pub prompt: String,
    /// Tokens of the question, over all tries; estimated where the endpoint did not say.
    pub tokens_in: u64,
    /// Tokens of the answer, over all tries.
    pub tokens_out: u64,
    /// What they cost, at the price in `prompts/reply.md`; `null` where it names none.
    pub cost: Option<f64>,
    /// How many times it was asked.
    pub tries: u32,
}
