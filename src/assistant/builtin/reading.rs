//! All that a turn says, before anything is decided.

use crate::assistant::classifier::Opinion;
use crate::assistant::language::{self, Language};
use crate::assistant::phrases::Found;
use crate::assistant::prompts::{Cue, Prompts};
use crate::assistant::rules::{self, OTHER, Past, Rule};
use crate::assistant::texts::Texts;
use crate::assistant::words::{Word, written};
use crate::assistant::{Said, Speaker, Turn};

/// How much of a history is read; older messages hardly matter.
const RECENT: usize = 12;
/// A message with more words than this is not vague.
const LONG: usize = 6;
const SUBJECT_LETTERS: usize = 80;
/// How sure the classifier must be of a category to overrule the phrases, to be taken at its word
/// where there are none, and to be believed in the record alone.
const OVERRULES: f32 = 0.6;
const NAMES: f32 = 0.8;
const HINTS: f32 = 0.4;
/// The same for the category that a rule names.
const OVERRULES_RULES: f32 = 0.75;
/// How likely the classifier must at least hold it that a human must come for a doubtful rule to
/// count.
const HARDLY: f32 = 0.05;

/// A turn, read.
pub(super) struct Reading<'a> {
    pub(super) turn: &'a Turn,
    pub(super) language: Language,
    /// The message's words; after our question also those of the message we asked about.
    pub(super) words: Vec<Word>,
    pub(super) cues: Vec<Found<Cue>>,
    pub(super) past: Past,
    /// The category that the words name, or else the conversation's.
    pub(super) category: String,
    pub(super) named_category: Option<String>,
    pub(super) department: Option<String>,
    /// Small talk's id.
    pub(super) talk: Option<&'a str>,
    /// Ids of the first-aid steps that the customer has done.
    pub(super) tried: Vec<&'a str>,
    /// The assistant's last message was a question, no advice.
    pub(super) asked_back: bool,
    /// The rule that calls a human; if it is unsure, provided that the classifier agrees.
    pub(super) rule: Option<&'a Rule>,
    /// How likely the classifier holds it that a human must come; where there is one.
    pub(super) likelihood: Option<f32>,
    /// Whether that is likely enough.
    pub(super) is_likely: bool,
    /// Whether the classifier knows the category better than a rule.
    pub(super) is_category_sure: bool,
    own_words: usize,
    earlier: Vec<Word>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        prompts: &'a Prompts,
        texts: &Texts,
        turn: &'a Turn,
        default: Language,
    ) -> Self {
        let written = written(&turn.message);
        let told = language::of(&written).or(turn.language);
        let language = told.unwrap_or(default);
        let mut words = prompts.read(written, told);
        let own_words = words.len();
        let cues = prompts.cues(&words);
        let named_category = category(prompts, &cues, own_words);

        let recent = turn.history.get(turn.history.len().saturating_sub(RECENT)..);
        let recent = recent.unwrap_or(&turn.history);
        let answers = || recent.iter().rev().filter(|said| said.by == Speaker::Assistant);
        let asked_back = answers().next().is_some_and(|said| texts.is_no_advice(&said.text));
        let mut past = earlier_words(prompts, recent, told);
        let earlier = past.first().cloned().unwrap_or_default();
        if asked_back && let Some(before) = past.first_mut() {
            words.append(before);
        }
        let known = || turn.category.clone().filter(|c| c != OTHER && names(prompts, c));
        let from_context = || category(prompts, &prompts.cues(&words), words.len());
        let changed = named_category.is_some()
            && turn.category.as_deref().is_some_and(|c| c != OTHER)
            && turn.category != named_category;
        let advised = !changed && answers().any(|said| is_advice(texts, said));

        let named_category = named_category.or_else(|| asked_back.then(from_context).flatten());
        let mut tried = cues_of(&cues, |cue| match cue {
            Cue::Tried(at) => prompts.tried.get(at).map(String::as_str),
            _ => None,
        });
        for cues in past.iter().map(|words| prompts.cues(words)) {
            tried.extend(cues_of(&cues, |cue| match cue {
                Cue::Tried(at) => prompts.tried.get(at).map(String::as_str),
                _ => None,
            }));
        }
        let mut seen = Vec::new();
        tried.retain(|id| {
            !seen.contains(id) && {
                seen.push(*id);
                true
            }
        });
        let past = Past { tried: !tried.is_empty(), advised };
        Self {
            turn,
            language,
            rule: rules::judge(&prompts.rules, &cues, past),
            likelihood: None,
            is_likely: false,
            is_category_sure: false,
            earlier,
            category: named_category.clone().or_else(known).unwrap_or_else(|| OTHER.to_owned()),
            named_category,
            department: cues_of(&cues, |cue| match cue {
                Cue::Department(at) => prompts.departments.get(at).cloned(),
                _ => None,
            })
            .into_iter()
            .next(),
            talk: cues_of(&cues, |cue| match cue {
                Cue::Talk(at) => prompts.talks.get(at).map(String::as_str),
                _ => None,
            })
            .into_iter()
            .next(),
            past,
            tried,
            cues,
            asked_back,
            own_words,
            words,
        }
    }

    /// Takes in what the classifier thinks.
    pub(super) fn weigh(&mut self, prompts: &Prompts, opinion: Opinion<'_>) {
        self.likelihood = Some(opinion.likelihood);
        self.is_likely = opinion.calls;
        if opinion.likelihood < HARDLY {
            self.rule = self.rule.filter(|rule| !rule.doubtful);
        }
        if !names(prompts, opinion.category) {
            // It was taught other categories than there are.
            return;
        }
        self.is_category_sure = opinion.sureness >= OVERRULES_RULES;
        let is_named = self.named_category.is_some();
        let names = if is_named {
            opinion.sureness >= OVERRULES
        } else {
            opinion.sureness >= NAMES && opinion.category != OTHER
        };
        if names {
            self.named_category = Some(opinion.category.to_owned());
        }
        if names || (!is_named && opinion.sureness >= HINTS) {
            opinion.category.clone_into(&mut self.category);
        }
    }

    /// The rule that calls a human whatever the classifier thinks.
    pub(super) fn sure_rule(&self) -> Option<&'a Rule> {
        self.rule.filter(|rule| !rule.unsure || self.likelihood.is_none())
    }

    /// The words of the message, and those of the customer's message before it.
    pub(super) fn own_and_earlier(&self) -> (&[Word], &[Word]) {
        (self.words.get(..self.own_words).unwrap_or_default(), &self.earlier)
    }

    /// Whether the message names no matter: empty, or a few words such as "look at this".
    pub(super) fn says_nothing_of_its_own(&self) -> bool {
        self.own_words == 0 || (self.named_category.is_none() && !self.is_long())
    }

    /// Whether the message is too long to be called vague.
    pub(super) const fn is_long(&self) -> bool {
        self.own_words > LONG
    }

    /// Whether the assistant has said this before.
    pub(super) fn was_given(&self, body: &str) -> bool {
        let beginning: String = body.chars().take(60).collect();
        self.turn
            .history
            .iter()
            .any(|said| said.by == Speaker::Assistant && said.text.contains(&beginning))
    }

    /// The message's first line, cut at a word.
    pub(super) fn subject(&self) -> Option<String> {
        let line = self.turn.message.lines().map(str::trim).find(|line| !line.is_empty())?;
        let Some((end, _)) = line.char_indices().nth(SUBJECT_LETTERS) else {
            return Some(line.to_owned());
        };
        let cut = line.get(..end).unwrap_or(line);
        let cut = cut.rsplit_once(char::is_whitespace).map_or(cut, |(words, _)| words);
        Some(format!("{}…", cut.trim_end()))
    }
}

/// The words of the customer's earlier messages, the last one first.
fn earlier_words(
    prompts: &Prompts,
    history: &[Said],
    language: Option<Language>,
) -> Vec<Vec<Word>> {
    let customers = history.iter().rev().filter(|said| said.by == Speaker::Customer);
    customers.take(2).map(|said| prompts.read(written(&said.text), language)).collect()
}

/// Whether an answer of an assistant's was more than a sentence of courtesy or a question.
fn is_advice(texts: &Texts, said: &Said) -> bool {
    !texts.is_no_advice(&said.text) && !said.text.trim_end().ends_with('?')
}

fn names(prompts: &Prompts, category: &str) -> bool {
    prompts.categories().any(|name| name == category)
}

fn cues_of<T>(cues: &[Found<Cue>], pick: impl Fn(Cue) -> Option<T>) -> Vec<T> {
    cues.iter().filter_map(|found| pick(found.cue)).collect()
}

/// The category that the phrases speak for: a problem tells more than a topic, and of two problems
/// the one named first.
#[expect(clippy::cast_precision_loss, reason = "a few hundred words")]
fn category(prompts: &Prompts, cues: &[Found<Cue>], words: usize) -> Option<String> {
    let early = |found: &Found<Cue>| 1.5 - 0.5 * found.start as f32 / words.max(1) as f32;
    let mut best: Option<(f32, usize)> = None;
    for at in 0..prompts.categories.len() {
        let of = |cue| cues.iter().filter(move |found| found.cue == cue).map(early);
        let problem = of(Cue::Problem(at)).fold(0.0, f32::max);
        let topics: f32 = of(Cue::Topic(at)).sum();
        let score = 3.0 * problem + topics.min(2.0);
        if score > best.map_or(0.0, |(score, _)| score) {
            best = Some((score, at));
        }
    }
    best.and_then(|(_, at)| prompts.categories.get(at)).map(|c| c.name.clone())
}
