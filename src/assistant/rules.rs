//! When a human must come.

use serde::Deserialize;

use super::language::Language;
use super::phrases::Found;
use super::prompts::Cue;
use crate::tickets::Priority;

/// The category of what fits no other.
pub(super) const OTHER: &str = "other";
/// The rule for a question that our articles were already given for.
pub(super) const REPEATED: &str = "repeated";
/// The rule for a message that stays vague after we asked back.
pub(super) const UNCLEAR: &str = "unclear";

/// The rule for a message of which the classifier holds it likely that it needs a human.
pub(super) const LIKELY: &str = "likely";

/// A sentence in every language.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wording {
    ru: String,
    kk: String,
    en: String,
}

impl Wording {
    pub(super) fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Ru => &self.ru,
            Language::Kk => &self.kk,
            Language::En => &self.en,
        }
    }
}

/// What must have happened before a rule's phrases count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum After {
    /// The customer says what they tried, now or before.
    FirstAid,
    /// The assistant gave advice before.
    Advice,
}

/// A reason to call a human.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) id: String,
    /// For the operator, in the customer's language.
    pub(super) reason: Wording,
    pub(super) priority: Priority,
    /// The category of such messages, whatever words they use.
    pub(super) category: Option<String>,
    /// The department of such messages, whatever their category.
    pub(super) department: Option<String>,
    pub(super) after: Option<After>,
    /// Whether an article may help while the customer waits.
    pub(super) first_aid: bool,
    /// Whether the classifier has to agree.
    pub(super) unsure: bool,
    /// Whether the classifier may overrule it, where it holds a human's need all but impossible.
    pub(super) doubtful: bool,
}

/// What is known of the conversation before the message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Past {
    /// The customer named a first-aid step that they did.
    pub(super) tried: bool,
    /// The assistant gave advice about the same matter.
    pub(super) advised: bool,
}

/// The most urgent rule that the phrases of a message speak for, the first of equals; a sure one
/// before one that is not.
pub(super) fn judge<'a>(rules: &'a [Rule], cues: &[Found<Cue>], past: Past) -> Option<&'a Rule> {
    let speaks = |at: usize, found: &Found<Cue>| {
        let innocent = |e: &Found<Cue>| e.cue == Cue::Exception(at) && e.overlaps(found);
        found.cue == Cue::Rule(at) && !cues.iter().any(innocent)
    };
    let holds = |rule: &Rule| match rule.after {
        None => true,
        Some(After::FirstAid) => past.tried,
        Some(After::Advice) => past.advised,
    };
    let applies = |at: usize| cues.iter().any(|found| speaks(at, found));
    let mut best: Option<&Rule> = None;
    for (at, rule) in rules.iter().enumerate() {
        let rank = |rule: &Rule| (!rule.unsure, rule.priority);
        let more_urgent = best.is_none_or(|best| rank(rule) > rank(best));
        if more_urgent && holds(rule) && applies(at) {
            best = Some(rule);
        }
    }
    best
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;
    use crate::assistant::prompts::Prompts;

    fn rule(text: &str, past: Past) -> Option<String> {
        let prompts = Prompts::embedded().unwrap();
        let cues = prompts.cues(
            &prompts.read(crate::assistant::words::written(text), crate::assistant::detect(text)),
        );
        judge(&prompts.rules, &cues, past).map(|rule| rule.id.clone())
    }

    #[test]
    fn words_that_only_look_like_a_reason_are_none() {
        for text in [
            "настройки APN моего мобильного оператора",
            "мой адрес улица Судовая 5",
            "I live at 12 Court street, no internet",
            "ұялы оператордың APN баптаулары",
            "Fire TV stick не видит wi-fi",
        ] {
            assert_eq!(rule(text, Past::default()), None, "{text}");
        }
    }

    #[test]
    fn the_most_urgent_reason_is_given() {
        let text = "позовите оператора, у нас горит кабель в подъезде";
        assert_eq!(rule(text, Past::default()).as_deref(), Some("danger"));
    }

    #[test]
    fn that_nothing_changed_counts_only_after_advice() {
        let text = "всё равно не работает";
        assert_eq!(rule(text, Past::default()), None);
        let past = Past { advised: true, ..Past::default() };
        assert_eq!(rule(text, past).as_deref(), Some("advice-failed"));
    }
}
