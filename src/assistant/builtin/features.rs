//! What a turn shows the classifier. Words count by their stems in the one alphabet, so that what
//! is learnt from one spelling holds for the others.

use super::reading::Reading;
use crate::assistant::Speaker;
use crate::assistant::classifier::Features;
use crate::assistant::language::Language;
use crate::assistant::prompts::{Cue, Prompts};
use crate::assistant::words::Word;

/// Kinds of features; the same name is another feature in another kind.
const CONVERSATION: u8 = b'c';
const SIGN: u8 = b's';
const SIGNS: u8 = b'S';
const RULE: u8 = b'r';
const SPEAKS: u8 = b'R';
const CATEGORY: u8 = b'k';
const FIRST: u8 = b'f';
const WORD: u8 = b'w';
const PAIR: u8 = b'p';
const LETTERS: u8 = b'l';
const BEFORE: u8 = b'b';

/// Letters that are looked at together.
const SHORTEST: usize = 3;
const LONGEST: usize = 5;
/// How much all words together count, and all groups of letters.
const ALL_WORDS: f32 = 2.5;
const ALL_LETTERS: f32 = 4.5;
/// A message with more words than this is long.
const LONG: usize = 25;
const SHORT: usize = 3;

/// What a turn shows.
pub(super) fn of(prompts: &Prompts, reading: &Reading<'_>) -> Features {
    let mut features = Features::default();
    features.add(CONVERSATION, &[b"any"], 1.0);
    let mut signs = conversation(reading);
    signs.extend(cues(prompts, reading));
    for name in &signs {
        features.add(SIGN, &[name.as_bytes()], 1.0);
    }
    for (at, one) in signs.iter().enumerate() {
        for other in signs.iter().skip(at + 1) {
            features.add(SIGNS, &[one.as_bytes(), other.as_bytes()], 0.5);
        }
    }
    categories(prompts, reading, &mut features);
    if let Some(rule) = reading.rule {
        features.add(SPEAKS, &[rule.id.as_bytes()], 1.0);
    }
    // Where a sure rule has spoken, phrases tell nothing of the messages in which none does.
    if reading.rule.is_none_or(|rule| rule.unsure) {
        for id in found(reading, |cue| rule(prompts, cue)) {
            features.add(RULE, &[id.as_bytes()], 1.0);
        }
    }
    let (own, earlier) = reading.own_and_earlier();
    words(own, reading.language, &mut features);
    for word in earlier {
        features.add(BEFORE, &[stem(word, reading.language).as_bytes()], 0.5);
    }
    features
}

/// What the conversation shows beside its words.
fn conversation<'a>(reading: &Reading<'_>) -> Vec<&'a str> {
    let history = &reading.turn.history;
    let own = reading.own_and_earlier().0.len();
    let last = history.last().map(|said| said.by);
    let message = &reading.turn.message;
    let signs = [
        (reading.past.advised, "advised"),
        (reading.past.tried, "tried"),
        (reading.asked_back, "asked back"),
        (last == Some(Speaker::Operator), "after an operator"),
        (last.is_some() && !reading.past.advised, "in a conversation"),
        (message.contains('?'), "question"),
        (message.contains('!'), "exclamation"),
        (own > LONG, "long"),
        (own <= SHORT, "short"),
        (numbers(message) > 0, "number"),
        (numbers(message) > 1, "numbers"),
    ];
    signs.into_iter().filter(|(shows, _)| *shows).map(|(_, name)| name).collect()
}

/// How many sums of money, contracts or numbers of many digits there are.
fn numbers(message: &str) -> usize {
    message.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() >= 3).count()
}

/// Ids of the signs and of the steps that were tried, each once, always in the same order.
fn cues<'a>(prompts: &'a Prompts, reading: &Reading<'_>) -> Vec<&'a str> {
    found(reading, |cue| match cue {
        Cue::Sign(at) => prompts.signs.get(at).map(String::as_str),
        Cue::Tried(at) => prompts.tried.get(at).map(String::as_str),
        _ => None,
    })
}

fn rule(prompts: &Prompts, cue: Cue) -> Option<&str> {
    match cue {
        Cue::Rule(at) => prompts.rules.get(at).map(|rule| rule.id.as_str()),
        _ => None,
    }
}

fn found<'a>(reading: &Reading<'_>, name: impl Fn(Cue) -> Option<&'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = reading.cues.iter().filter_map(|cue| name(cue.cue)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The categories that phrases hint at, the one they speak for, and the conversation's.
fn categories(prompts: &Prompts, reading: &Reading<'_>, features: &mut Features) {
    let name = |at: usize| prompts.categories.get(at).map_or(&b""[..], |c| c.name.as_bytes());
    for found in &reading.cues {
        match found.cue {
            Cue::Problem(at) => features.add(CATEGORY, &[name(at)], 1.0),
            Cue::Topic(at) => features.add(CATEGORY, &[name(at)], 0.5),
            _ => {}
        }
    }
    let named = reading.named_category.as_deref().unwrap_or("none");
    features.add(FIRST, &[named.as_bytes()], 2.0);
    if let Some(before) = &reading.turn.category {
        features.add(BEFORE, &[b"category", before.as_bytes()], 2.0);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn words(words: &[Word], language: Language, features: &mut Features) {
    let each = ALL_WORDS / (words.len().max(4) as f32).sqrt();
    let mut previous: Option<&Word> = None;
    for word in words {
        let stem = stem(word, language);
        features.add(WORD, &[stem.as_bytes()], each);
        if let Some(previous) = previous.filter(|previous| previous.sentence == word.sentence) {
            let before = self::stem(previous, language);
            features.add(PAIR, &[before.as_bytes(), stem.as_bytes()], each);
        }
        previous = Some(word);
    }
    let letters: usize = words.iter().map(|word| word.skeleton.len() + 2).sum();
    let each = ALL_LETTERS / ((LONGEST - SHORTEST + 1) as f32 * letters.max(20) as f32).sqrt();
    let mut framed = Vec::new();
    for word in words {
        framed.clear();
        framed.push(b' ');
        framed.extend(word.skeleton.bytes());
        framed.push(b' ');
        for length in SHORTEST..=LONGEST {
            for group in framed.windows(length) {
                features.add(LETTERS, &[group], each);
            }
        }
    }
}

/// The word's stem, or the word where it can't be of this language.
fn stem(word: &Word, language: Language) -> &str {
    word.stems.get(language).unwrap_or(&word.skeleton)
}
