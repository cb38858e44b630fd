//! The assistant that needs no model: rules, articles and a few sentences.

mod features;
mod reading;

use std::sync::Arc;

use async_trait::async_trait;

use self::reading::Reading;
use super::classifier::{Classifier, Example};
use super::knowledge::Hit;
use super::language::Language;
use super::prompts::Prompts;
use super::rules::{self, Rule};
use super::texts::Texts;
use super::{Assistant, AssistantError, Basis, Immediate, Passage, Turn, Verdict, courtesy};
use crate::tickets::Priority;

/// What an article must score to be the answer, and to come along with an escalation.
const FITS: f32 = 4.5;
/// The same where no word names a category.
const SURELY_FITS: f32 = 7.0;
/// How much of the best article's score a second one needs when the best was already given.
const NEARLY_AS_GOOD: f32 = 0.6;
/// Articles that the record of a decision names.
const PASSAGES: usize = 5;

/// Answers from `prompts/` alone: no model, no network, a fraction of a millisecond.
#[derive(Clone, Debug)]
pub struct Builtin {
    prompts: Arc<Prompts>,
    texts: Arc<Texts>,
    default: Language,
    classifier: Arc<Classifier>,
}

impl Builtin {
    /// `default` is the language where neither message nor customer tells one.
    #[must_use]
    pub fn new(prompts: Arc<Prompts>, texts: Arc<Texts>, default: Language) -> Self {
        let classifier = prompts.classifier.clone();
        Self { prompts, texts, default, classifier }
    }

    /// The same with another classifier.
    #[must_use]
    pub fn with_classifier(&self, classifier: Classifier) -> Self {
        Self { classifier: Arc::new(classifier), ..self.clone() }
    }

    /// A turn as the classifier learns from it: what it shows, what it is labelled with, and
    /// whether something else decides it.
    #[must_use]
    pub fn example(&self, turn: &Turn, escalate: bool, category: Option<String>) -> Example {
        let reading = Reading::new(&self.prompts, &self.texts, turn, self.default);
        let features = features::of(&self.prompts, &reading);
        let settled = match reading.rule {
            Some(rule) => (!rule.unsure).then_some(true),
            None => self.small_talk(&reading).map(|verdict| verdict.needs_escalation),
        };
        Example { features, escalate, category, settled }
    }

    fn read<'a>(&'a self, turn: &'a Turn) -> Reading<'a> {
        let mut reading = Reading::new(&self.prompts, &self.texts, turn, self.default);
        let features = features::of(&self.prompts, &reading);
        if let Some(opinion) = self.classifier.judge(&features) {
            reading.weigh(&self.prompts, opinion);
        }
        reading
    }

    /// The articles that fit a turn, best first.
    pub(super) fn articles(&self, turn: &Turn) -> Vec<Hit<'_>> {
        let reading = Reading::new(&self.prompts, &self.texts, turn, self.default);
        let category = reading.named_category.as_deref();
        self.prompts.knowledge.search(&reading.words, reading.language, category)
    }

    /// A greeting, a thanks, advertising, an image alone.
    fn small_talk(&self, reading: &Reading<'_>) -> Option<Verdict> {
        let language = reading.language;
        let message = &reading.turn.message;
        if let Some(id) = reading.talk {
            let reply = self.texts.say(language, &format!("talk-{id}"));
            return Some(Verdict { category: rules::OTHER.to_owned(), ..self.low(reading, reply) });
        }
        let is_brief = reading.own_and_earlier().0.len() <= courtesy::MOST_WORDS;
        if is_brief && courtesy::is_only_thanks(message) {
            return Some(self.low(reading, self.texts.thanks_reply(language)));
        }
        if is_brief && courtesy::is_only_greeting(message) {
            return Some(self.low(reading, self.texts.greeting(language)));
        }
        if reading.turn.images > 0 && reading.says_nothing_of_its_own() {
            return Some(self.verdict(reading, self.texts.image_received(language)));
        }
        None
    }

    /// The best article that was not given before, and all that were found.
    fn advice<'a>(&'a self, reading: &Reading<'_>) -> (Advice<'a>, Vec<Passage>) {
        let hits = self.prompts.knowledge.search(
            &reading.words,
            reading.language,
            reading.named_category.as_deref(),
        );
        (self.choose(reading, &hits), hits.iter().take(PASSAGES).map(passage).collect())
    }

    fn choose<'a>(&self, reading: &Reading<'_>, hits: &[Hit<'a>]) -> Advice<'a> {
        let fits = if reading.named_category.is_some() { FITS } else { SURELY_FITS };
        let Some(best) = hits.first().filter(|hit| hit.score >= fits) else {
            return Advice::None;
        };
        let enough = fits.max(best.score * NEARLY_AS_GOOD);
        let mut good = hits.iter().take_while(|hit| hit.score >= enough);
        let new = good.find(|hit| {
            hit.article.category == best.article.category && !reading.was_given(&hit.article.body)
        });
        new.map_or(Advice::AllGiven, |hit| Advice::New(*hit))
    }

    fn advise(&self, reading: &Reading<'_>, hit: Hit<'_>) -> Verdict {
        let mut reply = String::new();
        if reading.turn.history.is_empty() && courtesy::greets(&reading.turn.message) {
            reply.push_str(&self.texts.say(reading.language, "hello"));
            reply.push(' ');
        } else if reading.past.advised {
            reply.push_str(&self.texts.say(reading.language, "another-way"));
            reply.push(' ');
        }
        reply.push_str(&hit.article.body);
        let mut verdict = self.verdict(reading, reply);
        if reading.category == rules::OTHER && reading.named_category.is_none() {
            verdict.category.clone_from(&hit.article.category);
            verdict.department = self.department(reading, None, &verdict.category);
        }
        verdict.sources.push(hit.article.id.clone());
        verdict
    }

    fn ask_back(&self, reading: &Reading<'_>) -> Verdict {
        let language = reading.language;
        let of_category = reading
            .named_category
            .as_deref()
            .and_then(|category| self.texts.find(language, &format!("ask-back-{category}"), &[]));
        let reply = of_category.unwrap_or_else(|| {
            let key = if reading.is_long() { "unknown-topic" } else { "ask-back" };
            self.texts.say(language, key)
        });
        self.verdict(reading, reply)
    }

    fn escalate_as(&self, reading: &Reading<'_>, id: &str) -> Verdict {
        match self.prompts.rule(id) {
            Some(rule) => self.escalate(reading, rule),
            None => self.ask_back(reading),
        }
    }

    /// A sentence of understanding, what was tried, and first aid for the time until a human comes.
    fn escalate(&self, reading: &Reading<'_>, rule: &Rule) -> Verdict {
        let language = reading.language;
        let of_rule = rule.category.clone().filter(|_| !reading.is_category_sure);
        let category = of_rule.unwrap_or_else(|| reading.category.clone());
        let department = self.department(reading, Some(rule), &category);
        let opening = self.texts.find(language, &format!("escalated-{}", rule.id), &[]);
        let mut reply = match (self.tried(reading), rule.after) {
            (Some(tried), Some(_)) => tried,
            _ => opening.unwrap_or_else(|| self.texts.say(language, "escalated")),
        };
        let mut sources = Vec::new();
        let mut basis = Basis { rule: Some(rule.id.clone()), ..basis(reading) };
        if rule.first_aid {
            let (advice, passages) = self.advice(reading);
            basis.passages = passages;
            if let Advice::New(hit) = advice {
                reply.push(' ');
                reply.push_str(&self.texts.say(language, "first-aid"));
                reply.push('\n');
                reply.push_str(&hit.article.body);
                sources.push(hit.article.id.clone());
            }
        }
        Verdict {
            needs_escalation: true,
            reason: Some(rule.reason.in_language(language).to_owned()),
            priority: rule.priority,
            category,
            department,
            sources,
            basis,
            ..self.verdict(reading, reply)
        }
    }

    /// "You have already restarted the router and checked the cables …"
    fn tried(&self, reading: &Reading<'_>) -> Option<String> {
        let language = reading.language;
        let steps: Vec<String> = reading
            .tried
            .iter()
            .map(|id| self.texts.say(language, &format!("tried-{id}")))
            .collect();
        let (last, first) = steps.split_last()?;
        let steps = if first.is_empty() {
            last.clone()
        } else {
            format!("{} {} {last}", first.join(", "), self.texts.say(language, "and"))
        };
        self.texts.find(language, "tried", &[("steps", &steps)])
    }

    fn department(&self, reading: &Reading<'_>, rule: Option<&Rule>, category: &str) -> String {
        let of_category = || self.prompts.categories.iter().find(|c| c.name == category);
        rule.and_then(|rule| rule.department.clone())
            .or_else(|| reading.department.clone().filter(|_| rule.is_none()))
            .or_else(|| of_category().map(|c| c.department.clone()))
            .unwrap_or_default()
    }

    fn low(&self, reading: &Reading<'_>, reply: String) -> Verdict {
        Verdict { priority: Priority::Low, subject: None, ..self.verdict(reading, reply) }
    }

    fn verdict(&self, reading: &Reading<'_>, reply: String) -> Verdict {
        Verdict {
            reply,
            needs_escalation: false,
            reason: None,
            category: reading.category.clone(),
            priority: Priority::Medium,
            department: self.department(reading, None, &reading.category),
            subject: reading.subject(),
            language: reading.language,
            sources: Vec::new(),
            basis: basis(reading),
        }
    }
}

/// What led to every verdict on this turn.
fn basis(reading: &Reading<'_>) -> Basis {
    Basis { likelihood: reading.likelihood, ..Basis::default() }
}

fn passage(hit: &Hit<'_>) -> Passage {
    Passage { article: hit.article.id.clone(), score: hit.score }
}

enum Advice<'a> {
    /// This one fits and was not given before.
    New(Hit<'a>),
    /// Those that fit were all given before.
    AllGiven,
    /// None fits.
    None,
}

impl Immediate for Builtin {
    fn decide(&self, turn: &Turn) -> Verdict {
        let reading = self.read(turn);
        if let Some(rule) = reading.sure_rule() {
            return self.escalate(&reading, rule);
        }
        match reading.rule {
            Some(rule) if reading.is_likely => return self.escalate(&reading, rule),
            Some(_) => {}
            None => {
                if let Some(verdict) = self.small_talk(&reading) {
                    return verdict;
                }
                if reading.is_likely {
                    return self.escalate_as(&reading, rules::LIKELY);
                }
            }
        }
        let (advice, passages) = self.advice(&reading);
        let mut verdict = match advice {
            Advice::New(hit) => self.advise(&reading, hit),
            Advice::AllGiven => self.escalate_as(&reading, rules::REPEATED),
            Advice::None if reading.asked_back => self.escalate_as(&reading, rules::UNCLEAR),
            Advice::None => self.ask_back(&reading),
        };
        verdict.basis.passages = passages;
        verdict
    }
}

#[async_trait]
impl Assistant for Builtin {
    fn name(&self) -> &'static str {
        "builtin"
    }

    async fn answer(&self, turn: &Turn) -> Result<Verdict, AssistantError> {
        Ok(self.decide(turn))
    }

    fn as_immediate(&self) -> Option<&dyn Immediate> {
        Some(self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod cases;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests;
