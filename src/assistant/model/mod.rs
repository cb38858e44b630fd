//! The assistant that asks a model, at any OpenAI-compatible endpoint.
//!
//! What the rules of `escalation.toml` decide is decided before, and without it. The model is shown
//! one ticket and the articles that were found; private numbers are hidden from it, its reply becomes
//! plain text, and what it says of the ticket counts only where it makes sense. Where it fails, the
//! customer gets the engine's own words, and the built-in assistant's answer is an operator's draft.

mod answer;
mod breaker;
mod briefing;
mod budget;
mod conversation;
mod endpoint;
mod failure;
mod form;
mod leak;
mod links;
mod mask;
mod output;
mod request;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use regex::Regex;
use tokio::sync::Semaphore;
use tokio::time::{Instant as Deadline, timeout_at};

use self::answer::Answer;
use self::breaker::Breaker;
pub(super) use self::briefing::Briefing;
use self::budget::Budget;
use self::endpoint::Endpoint;
use self::failure::Failure;
use self::links::Allowed;
use self::mask::Mask;
use self::request::Question;
use super::knowledge::Hit;
use super::rules::{LIKELY, UNCLEAR};
use super::{
    Assistant, AssistantError, Basis, Immediate, Instructions, Live, ModelUse, Passage, Turn,
    Verdict,
};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::Store;

/// What an article must score to be shown.
const SHOWN: f32 = 2.0;
/// Articles that the record names.
const RECORDED: usize = 5;
/// Questions that are under way at once. A provider that is silent would otherwise hold a connection
/// for each message that comes in until it is left alone.
const AT_ONCE: usize = 64;
const LONGEST_SUBJECT: usize = 80;
const LONGEST_REASON: usize = 300;

/// Asks a model; falls back on the built-in assistant of the same instructions.
#[derive(Debug)]
pub struct Model {
    live: Live,
    endpoint: Endpoint,
    /// The model's name, unless the instructions are to say it.
    name: Option<String>,
    allowed: Allowed,
    masked: Vec<Regex>,
    breaker: Breaker,
    budget: Budget,
    places: Semaphore,
    time: Duration,
}

impl Model {
    /// The model that the configuration names, told by the instructions that are in force when a turn
    /// begins.
    ///
    /// # Errors
    /// When TLS can't be used.
    pub fn new(
        config: &Config,
        live: Live,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let base = config.openai_base_url.as_ref().map_or(endpoint::OPENAI, |base| base.as_str());
        Ok(Self {
            endpoint: Endpoint::new(base, config.openai_api_key.clone())?,
            name: config.ai_model.clone(),
            allowed: Allowed::new(&config.reply_link_hosts),
            masked: config.masked_patterns.clone(),
            breaker: Breaker::default(),
            budget: Budget::new(config.ai_daily_tokens),
            places: Semaphore::new(AT_ONCE),
            // Whoever waits for this turn gives up at the same time: be a little earlier.
            time: config.ai_timeout_seconds * 19 / 20,
            live,
        })
    }

    async fn ask(
        &self,
        now: &Instructions,
        turn: &Turn,
        first: &Verdict,
        shown: &[Hit<'_>],
        until: Deadline,
        used: &mut ModelUse,
    ) -> Result<Verdict, Failure> {
        if self.budget.is_spent().await {
            return Err(Failure::Spent);
        }
        let Ok(_place) = timeout_at(until, self.places.acquire()).await else {
            return Err(Failure::Crowded);
        };
        if !self.breaker.lets_through(Instant::now()) {
            return Err(Failure::Open);
        }
        let mut mask = Mask::new(&self.masked);
        let Briefing { front, system, schema, .. } = &now.briefing;
        let user = conversation::write(turn, shown, front.history, &mut mask);
        let question = Question {
            model: &used.name.clone(),
            temperature: front.temperature,
            max_tokens: front.max_tokens,
            system,
            user: &user,
            pictures: &turn.pictures,
            schema,
        };
        let asking = self.endpoint.ask(&question, front.output, until, used);
        let answer = timeout_at(until, asking).await.unwrap_or(Err(Failure::Slow));
        match &answer {
            Err(failure) if failure.counts() => {
                if self.breaker.failed(Instant::now()) {
                    tracing::error!(model.name = used.name, "model.left_alone");
                }
            }
            Err(failure) if failure.is_nobodys() => {}
            _ => self.breaker.succeeded(),
        }
        self.budget.spend(used.tokens_in + used.tokens_out).await;
        self.check(now, answer?, turn, first, shown, &mask)
    }

    /// What the model said, as far as it may be said and makes sense.
    fn check(
        &self,
        now: &Instructions,
        answer: Answer,
        turn: &Turn,
        first: &Verdict,
        shown: &[Hit<'_>],
        mask: &Mask<'_>,
    ) -> Result<Verdict, Failure> {
        let given = all_texts(now, turn, shown);
        let leaks = |text: &str| now.briefing.leaks.are_in(text, &given);
        let mut allowed = self.allowed.clone();
        for Hit { article, .. } in shown {
            allowed.allow_those_in(&article.body);
            allowed.allow_hosts(&article.links);
        }

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
        let is_category = |name: &String| now.prompts.categories().any(|known| known == name);
        let is_department = |name: &String| now.prompts.departments().any(|known| known == name);
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

/// Whether a rule decided that a person must come. That a message is not understood, or only likely
/// to need a person, is no such rule: a model may know better.
fn is_ruled(first: &Verdict) -> bool {
    let is_sure = |rule: &str| rule != UNCLEAR && rule != LIKELY;
    first.needs_escalation && first.basis.rule.as_deref().is_some_and(is_sure)
}

/// What may be repeated: all that was said and shown, and the names that are no secret.
fn all_texts(now: &Instructions, turn: &Turn, shown: &[Hit<'_>]) -> String {
    let names = now.prompts.categories().chain(now.prompts.departments());
    let said = names.chain([&*now.company]).chain(turn.history.iter().map(|s| s.text.as_str()));
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
        let until = Deadline::now() + self.time;
        let now = self.live.now();
        let first = now.builtin.decide(turn);
        if is_ruled(&first) {
            return Ok(first);
        }
        let mut shown = now.builtin.articles(turn);
        let passages = shown
            .iter()
            .take(RECORDED)
            .map(|hit| Passage { article: hit.article.id.clone(), score: hit.score });
        let passages: Vec<Passage> = passages.collect();
        shown.retain(|hit| hit.score >= SHOWN);
        shown.truncate(now.briefing.front.articles);

        let name = self.name.clone().unwrap_or_else(|| now.briefing.front.model.clone());
        let prompt = now.briefing.prompt.clone();
        let mut used = ModelUse { name, prompt, ..ModelUse::default() };
        let asked = self.ask(&now, turn, &first, &shown, until, &mut used).await;
        used.cost = now.briefing.front.price.map(|price| price.of(used.tokens_in, used.tokens_out));
        let mut verdict = asked.unwrap_or_else(|failure| {
            tracing::warn!(model.name = used.name, model.tries = used.tries, %failure, "model.failed");
            Self::failed(first, &failure)
        });
        verdict.basis.passages = passages;
        verdict.basis.model = Some(used);
        Ok(verdict)
    }

    fn fall_back(&self, turn: &Turn) -> Option<Verdict> {
        Some(Self::failed(self.live.now().builtin.decide(turn), &Failure::Slow))
    }

    fn sees_pictures(&self) -> bool {
        self.live.now().briefing.front.images
    }

    fn use_store(&self, store: &Store, clock: &Clock) {
        self.budget.keep_in(store, clock);
    }
}
