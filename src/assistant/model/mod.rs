//! The assistant that asks a model, at any OpenAI-compatible endpoint.
//!
//! What the rules of `escalation.toml` decide is decided before, and without it. The model is shown
//! one ticket and the articles that were found; private numbers are hidden from it, its reply becomes
//! plain text, and what it says of the ticket counts only where it makes sense. Where it fails, the
//! customer gets the engine's own words, and the built-in assistant's answer is an operator's draft.

mod answer;
mod breaker;
mod budget;
mod conversation;
mod endpoint;
mod failure;
mod leak;
mod links;
mod mask;
mod output;
mod request;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use regex::Regex;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::{Instant as Deadline, timeout_at};

use self::answer::Answer;
use self::breaker::Breaker;
use self::budget::Budget;
use self::endpoint::Endpoint;
use self::failure::Failure;
use self::leak::Leaks;
use self::links::Allowed;
use self::mask::Mask;
use self::request::Question;
use super::knowledge::Hit;
use super::prompts::Prompts;
use super::prompts::instructions::Front;
use super::rules::UNCLEAR;
use super::texts::Texts;
use super::{
    Assistant, AssistantError, Basis, Builtin, Immediate, Language, ModelUse, Passage, Turn,
    Verdict,
};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::Store;

/// What an article must score to be shown.
const SHOWN: f32 = 2.0;
/// Articles that the record names.
const RECORDED: usize = 5;
const LONGEST_SUBJECT: usize = 80;
const LONGEST_REASON: usize = 300;

/// Asks a model; keeps the built-in assistant beside it.
#[derive(Debug)]
pub struct Model {
    builtin: Builtin,
    prompts: Arc<Prompts>,
    endpoint: Endpoint,
    name: String,
    front: Front,
    /// The instructions.
    system: String,
    /// The first digits of their hash.
    prompt: String,
    schema: Value,
    leaks: Leaks,
    allowed: Allowed,
    masked: Vec<Regex>,
    breaker: Breaker,
    budget: Budget,
    time: Duration,
}

impl Model {
    /// The model that the configuration names.
    ///
    /// # Errors
    /// When `reply.md` or `triage.md` can't be used, or TLS can't be.
    pub fn new(
        config: &Config,
        prompts: Arc<Prompts>,
        texts: Arc<Texts>,
        default: Language,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let front = prompts.instructions.front.clone();
        let system = prompts.instructions.render(
            &config.company_name,
            &prompts.categories,
            &prompts.departments,
        )?;
        let base = config.openai_base_url.as_ref().map_or(endpoint::OPENAI, |base| base.as_str());
        let hash = Sha256::digest(&system);
        Ok(Self {
            endpoint: Endpoint::new(base, config.openai_api_key.clone(), front.output)?,
            name: config.ai_model.clone().unwrap_or_else(|| front.model.clone()),
            prompt: hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect(),
            schema: request::schema(&prompts),
            leaks: Leaks::of(&system),
            allowed: Allowed::new(&config.reply_link_hosts),
            masked: config.masked_patterns.clone(),
            breaker: Breaker::default(),
            budget: Budget::new(config.ai_daily_tokens),
            // Whoever waits for this turn gives up at the same time: be a little earlier.
            time: config.ai_timeout_seconds * 19 / 20,
            builtin: Builtin::new(prompts.clone(), texts, default),
            prompts,
            front,
            system,
        })
    }

    async fn ask(
        &self,
        turn: &Turn,
        first: &Verdict,
        shown: &[Hit<'_>],
        used: &mut ModelUse,
    ) -> Result<Verdict, Failure> {
        if self.budget.is_spent().await {
            return Err(Failure::Spent);
        }
        if !self.breaker.lets_through(Instant::now()) {
            return Err(Failure::Open);
        }
        let mut mask = Mask::new(&self.masked);
        let user = conversation::write(turn, shown, self.front.history, &mut mask);
        let question = Question {
            model: &self.name,
            temperature: self.front.temperature,
            max_tokens: self.front.max_tokens,
            system: &self.system,
            user: &user,
            pictures: &turn.pictures,
            schema: &self.schema,
        };
        let until = Deadline::now() + self.time;
        let asked = timeout_at(until, self.endpoint.ask(&question, until, used)).await;
        let answer = asked.unwrap_or(Err(Failure::Slow));
        self.budget.spend(used.tokens_in + used.tokens_out).await;
        match &answer {
            Err(failure) if failure.counts() => {
                if self.breaker.failed(Instant::now()) {
                    tracing::error!(model.name = self.name, "model.left_alone");
                }
            }
            _ => self.breaker.succeeded(),
        }
        self.check(answer?, turn, first, shown, &mask)
    }

    /// What the model said, as far as it may be said and makes sense.
    fn check(
        &self,
        answer: Answer,
        turn: &Turn,
        first: &Verdict,
        shown: &[Hit<'_>],
        mask: &Mask<'_>,
    ) -> Result<Verdict, Failure> {
        let given = all_texts(turn, shown);
        let leaks = |text: &str| self.leaks.are_in(text, &given);
        let mut allowed = self.allowed.clone();
        shown.iter().for_each(|hit| allowed.allow_those_in(&hit.article.body));

        let reply = output::plain(&mask.show(&answer.reply), &allowed);
        if leaks(&answer.reply) || leaks(&reply) {
            return Err(Failure::Leak);
        }
        if reply.is_empty() {
            return Err(Failure::Empty);
        }
        let line = |text: Option<String>, most| {
            let text = output::line(&mask.show(&text?), &allowed, most);
            Some(text).filter(|text| !text.is_empty() && !leaks(text))
        };
        let is_category = |name: &String| self.prompts.categories().any(|known| known == name);
        let is_department = |name: &String| self.prompts.departments().any(|known| known == name);
        let is_shown = |id: &String| shown.iter().any(|hit| hit.article.id == *id);
        let mut sources = answer.sources.unwrap_or_default();
        sources.retain(is_shown);
        sources.dedup();
        let judged = || "The model holds that a person must come.".to_owned();
        let reason = line(answer.reason, LONGEST_REASON).unwrap_or_else(judged);
        Ok(Verdict {
            reply,
            needs_escalation: answer.needs_escalation,
            reason: answer.needs_escalation.then_some(reason),
            category: answer.category.filter(is_category).unwrap_or_else(|| first.category.clone()),
            priority: answer.priority.and_then(|p| p.parse().ok()).unwrap_or(first.priority),
            department: (answer.department.filter(is_department))
                .unwrap_or_else(|| first.department.clone()),
            subject: line(answer.subject, LONGEST_SUBJECT).or_else(|| first.subject.clone()),
            language: answer.language.and_then(|l| l.parse().ok()).unwrap_or(first.language),
            sources,
            basis: Basis { likelihood: first.basis.likelihood, ..Basis::default() },
        })
    }

    /// The built-in assistant's verdict as a draft, with a call for a person who may use it.
    fn failed(first: Verdict, failure: &Failure) -> Verdict {
        let reason = first.reason.unwrap_or_else(|| "The assistant could not answer.".to_owned());
        let basis = Basis { failure: Some(failure.to_string()), ..first.basis };
        Verdict { needs_escalation: true, reason: Some(reason), basis, ..first }
    }
}

/// Whether a rule decided that a person must come. That a message is not understood is no such rule:
/// a model may understand it.
fn is_ruled(first: &Verdict) -> bool {
    first.needs_escalation && first.basis.rule.as_deref().is_some_and(|rule| rule != UNCLEAR)
}

fn all_texts(turn: &Turn, shown: &[Hit<'_>]) -> String {
    let said = turn.history.iter().map(|said| said.text.as_str());
    let articles = shown.iter().flat_map(|hit| [hit.article.title.as_str(), &hit.article.body]);
    let texts: Vec<&str> = said.chain(articles).chain([turn.message.as_str()]).collect();
    texts.join("\n")
}

#[async_trait]
impl Assistant for Model {
    fn name(&self) -> &'static str {
        "model"
    }

    async fn answer(&self, turn: &Turn) -> Result<Verdict, AssistantError> {
        let first = self.builtin.decide(turn);
        if is_ruled(&first) {
            return Ok(first);
        }
        let mut shown = self.builtin.articles(turn);
        let passages = shown
            .iter()
            .take(RECORDED)
            .map(|hit| Passage { article: hit.article.id.clone(), score: hit.score });
        let passages: Vec<Passage> = passages.collect();
        shown.retain(|hit| hit.score >= SHOWN);
        shown.truncate(self.front.articles);

        let (name, prompt) = (self.name.clone(), self.prompt.clone());
        let mut used = ModelUse { name, prompt, ..ModelUse::default() };
        let asked = self.ask(turn, &first, &shown, &mut used).await;
        let mut verdict = asked.unwrap_or_else(|failure| {
            tracing::warn!(model.name = self.name, model.tries = used.tries, %failure, "model.failed");
            Self::failed(first, &failure)
        });
        verdict.basis.passages = passages;
        verdict.basis.model = Some(used);
        Ok(verdict)
    }

    fn fall_back(&self, turn: &Turn) -> Option<Verdict> {
        Some(Self::failed(self.builtin.decide(turn), &Failure::Slow))
    }

    fn sees_pictures(&self) -> bool {
        self.front.images
    }

    fn use_store(&self, store: &Store, clock: &Clock) {
        self.budget.keep_in(store, clock);
    }
}
