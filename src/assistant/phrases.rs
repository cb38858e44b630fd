//! Phrases to look for in a message, all in one pass.
//!
//! The grammar that `prompts/*.toml` use: words in this order and close together, with at most one
//! word between two of them; `..` lets up to five come between; `a|b` is either; `слов*` is any
//! word that begins so, and a word without a star is any form of it; parts joined by ` + ` may come
//! in any order, anywhere.

use rustc_hash::FxHashMap;

use super::language::Language;
use super::stems;
use super::words::{Word, skeleton, split};

/// How many words may come between two of a phrase.
const CLOSE: usize = 1;
/// The same after `..`.
const FAR: usize = 5;

/// Many phrases, each with the cue that it gives.
#[derive(Debug)]
pub(super) struct Book<K> {
    vocabulary: Vocabulary,
    phrases: Vec<Phrase<K>>,
    /// By word of the vocabulary: which parts of which phrases begin with it.
    beginnings: Vec<Vec<(usize, usize)>>,
}

#[derive(Debug)]
struct Phrase<K> {
    cue: K,
    parts: Vec<Vec<Step>>,
}

/// One word of a phrase: which words it may be, in order, and how many others may come before it.
#[derive(Debug)]
struct Step {
    words: Vec<u32>,
    reach: usize,
}

/// A phrase that stands in the message, from word `start` up to, without, word `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found<K> {
    pub(super) cue: K,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<K> Found<K> {
    /// Whether the two share a word.
    pub(super) const fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

impl<K> Default for Book<K> {
    fn default() -> Self {
        Self { vocabulary: Vocabulary::default(), phrases: Vec::new(), beginnings: Vec::new() }
    }
}

impl<K: Copy> Book<K> {
    /// Adds a phrase.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(super) fn add(&mut self, cue: K, phrase: &str, language: Language) -> Result<(), String> {
        let mut parts = Vec::new();
        for part in phrase.split(" + ") {
            parts.push(self.part(part, language).map_err(|e| format!("phrase `{phrase}`: {e}"))?);
        }
        self.beginnings.resize_with(self.vocabulary.next as usize, Vec::new);
        for (at, part) in parts.iter().enumerate() {
            for word in part.iter().take(1).flat_map(|step| &step.words) {
                if let Some(begun) = self.beginnings.get_mut(*word as usize) {
                    begun.push((self.phrases.len(), at));
                }
            }
        }
        self.phrases.push(Phrase { cue, parts });
        Ok(())
    }

    fn part(&mut self, part: &str, language: Language) -> Result<Vec<Step>, String> {
        let mut steps = Vec::new();
        let mut reach = CLOSE;
        for item in part.split_whitespace() {
            if item == ".." {
                reach = FAR;
                continue;
            }
            let words: Result<Vec<u32>, String> =
                item.split('|').map(|word| self.vocabulary.learn(word, language)).collect();
            let mut words = words?;
            words.sort_unstable();
            steps.push(Step { words, reach });
            reach = CLOSE;
        }
        if steps.is_empty() {
            return Err("a part of it has no word".to_owned());
        }
        Ok(steps)
    }

    /// Whether any phrase uses this word.
    pub(super) fn knows(&self, word: &Word) -> bool {
        self.vocabulary.ids(word).next().is_some()
    }

    /// All phrases that stand in the message.
    pub(super) fn find(&self, words: &[Word]) -> Vec<Found<K>> {
        let ids: Vec<Vec<u32>> =
            words.iter().map(|word| self.vocabulary.ids(word).collect()).collect();
        let mut found = Vec::new();
        let mut partial: Vec<(usize, usize, usize, usize)> = Vec::new();
        for start in 0..words.len() {
            for &(phrase, part) in self.begun_by(ids.get(start)) {
                let Some(p) = self.phrases.get(phrase) else { continue };
                let Some(end) = p.parts.get(part).and_then(|s| follow(s, start, words, &ids))
                else {
                    continue;
                };
                if p.parts.len() == 1 {
                    found.push(Found { cue: p.cue, start, end });
                } else {
                    partial.push((phrase, part, start, end));
                }
            }
        }
        self.join(partial, &mut found);
        found
    }

    fn begun_by<'a>(
        &'a self,
        ids: Option<&'a Vec<u32>>,
    ) -> impl Iterator<Item = &'a (usize, usize)> {
        ids.into_iter().flatten().filter_map(|id| self.beginnings.get(*id as usize)).flatten()
    }

    /// Keeps the phrases of which every part was found.
    fn join(&self, mut partial: Vec<(usize, usize, usize, usize)>, found: &mut Vec<Found<K>>) {
        partial.sort_unstable();
        for parts in partial.chunk_by(|a, b| a.0 == b.0) {
            let Some(phrase) = parts.first().and_then(|first| self.phrases.get(first.0)) else {
                continue;
            };
            if parts.chunk_by(|a, b| a.1 == b.1).count() == phrase.parts.len() {
                let start = parts.iter().map(|p| p.2).min().unwrap_or_default();
                let end = parts.iter().map(|p| p.3).max().unwrap_or_default();
                found.push(Found { cue: phrase.cue, start, end });
            }
        }
    }
}

/// Where a part that begins at word `start` ends, if its other words follow.
fn follow(steps: &[Step], start: usize, words: &[Word], ids: &[Vec<u32>]) -> Option<usize> {
    let mut at = start;
    for step in steps.iter().skip(1) {
        let sentence = words.get(at)?.sentence;
        at = (at + 1..=at + 1 + step.reach)
            .take_while(|&i| {
                step.reach > CLOSE || words.get(i).is_some_and(|w| w.sentence == sentence)
            })
            .find(|&i| {
                ids.get(i).is_some_and(|i| i.iter().any(|id| step.words.binary_search(id).is_ok()))
            })?;
    }
    Some(at + 1)
}

/// The words that phrases are made of, each with a number.
#[derive(Debug, Default)]
struct Vocabulary {
    next: u32,
    /// By language.
    words: [Words; 3],
}

#[derive(Debug, Default)]
struct Words {
    stems: FxHashMap<Box<str>, u32>,
    /// Beginnings of words: English as they are written, the others in the one alphabet.
    beginnings: FxHashMap<Box<str>, u32>,
}

impl Vocabulary {
    fn learn(&mut self, item: &str, language: Language) -> Result<u32, String> {
        let is_beginning = item.ends_with('*');
        let mut words = split(item.trim_end_matches('*'));
        let (Some((word, _)), true) = (words.pop(), words.is_empty()) else {
            return Err(format!("`{item}` is not one word"));
        };
        let known = self.words.get_mut(language as usize);
        let (known, key) = match (is_beginning, language) {
            (true, Language::En) => (known.map(|known| &mut known.beginnings), word.into()),
            (true, _) => (known.map(|known| &mut known.beginnings), skeleton(&word).into()),
            (false, _) => {
                (known.map(|known| &mut known.stems), stems::in_language(&word, language))
            }
        };
        let next = self.next;
        let id = known.map_or(next, |known| *known.entry(key).or_insert(next));
        self.next += u32::from(id == next);
        Ok(id)
    }

    /// The numbers of all that the word may be.
    fn ids(&self, word: &Word) -> impl Iterator<Item = u32> {
        Language::ALL.into_iter().zip(&self.words).flat_map(|(language, known)| {
            let stem = word.stems.get(language);
            let begun = stem.is_some().then(|| beginnings(word.spelling(language)));
            let begun = begun.into_iter().flatten().filter_map(|start| known.beginnings.get(start));
            stem.and_then(|stem| known.stems.get(stem)).into_iter().chain(begun).copied()
        })
    }
}

/// The word's beginnings of two letters and more, and the word.
fn beginnings(word: &str) -> impl Iterator<Item = &str> {
    let ends = word.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.skip(1).filter_map(|end| word.get(..end))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;
    use crate::assistant::words::{read, written};

    fn finds(phrase: &str, language: Language, text: &str) -> bool {
        let mut book = Book::default();
        book.add((), phrase, language).unwrap();
        !book.find(&read(written(text), None)).is_empty()
    }

    #[test]
    fn words_follow_each_other_in_any_form_with_one_between() {
        assert!(finds("позвать оператора", Language::Ru, "Позвали бы оператора!"));
        assert!(!finds("позвать оператор", Language::Ru, "Позвали. Оператор тут"));
        assert!(!finds("позвать оператор", Language::Ru, "оператора позвать"));
        assert!(finds("talk .. human", Language::En, "may I talk please right now to a human"));
    }

    #[test]
    fn stars_bars_and_parts_match_what_they_say() {
        assert!(finds("перезагру* + не помог*", Language::Ru, "не помогло, хотя перезагрузил"));
        assert!(!finds("перезагру* + не помог*", Language::Ru, "перезагрузил"));
        assert!(finds("дом|подъезд без интернет*", Language::Ru, "весь подъезд без интернета"));
        assert!(finds("оператор* қос*", Language::Kk, "operatormen qosynyzshy"));
        assert!(finds("верните деньги", Language::Ru, "vernite dengi"));
    }

    #[test]
    fn a_phrase_without_words_is_refused_with_a_sentence() {
        let error = Book::default().add((), "a +  + b", Language::En).unwrap_err();
        assert!(error.contains("has no word"), "{error}");
    }
}
