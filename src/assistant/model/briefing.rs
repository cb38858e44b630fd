//! What a model is told by the prompts of one moment, made ready once for all of its turns.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::leak::Leaks;
use super::request;
use crate::assistant::prompts::template::Front;
use crate::assistant::{Prompts, PromptsError};

/// The instructions, and what follows from them.
#[derive(Debug)]
pub(in crate::assistant) struct Briefing {
    /// How the model is to be asked.
    pub(super) front: Front,
    /// The instructions.
    pub(super) system: String,
    /// The first 12 digits of their hash.
    pub(super) prompt: String,
    /// The form of an answer.
    pub(super) schema: Value,
    /// What may not be repeated.
    pub(super) leaks: Leaks,
}

impl Briefing {
    /// What the model of a company of this name is told.
    ///
    /// # Errors
    /// When the template can't be rendered.
    pub(in crate::assistant) fn new(
        prompts: &Prompts,
        company: &str,
    ) -> Result<Self, PromptsError> {
        let template = &prompts.template;
        let system = template.render(company, &prompts.categories, &prompts.departments)?;
        let hash = Sha256::digest(&system);
        Ok(Self {
            front: template.front.clone(),
            prompt: hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect(),
            schema: request::schema(prompts),
            leaks: Leaks::of(&system),
            system,
        })
    }
}
