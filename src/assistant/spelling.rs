//! Words that were mistyped by one letter.

use std::collections::{HashMap, HashSet};

use super::words::skeleton;

/// Shorter words have too many neighbours.
const SHORTEST: usize = 6;

/// Known words, found again when a letter is missing, too many, wrong or swapped with the next.
#[derive(Debug, Default)]
pub(super) struct Spelling {
    words: Vec<Known>,
    /// A known word, whole or without one of its letters.
    traces: HashMap<String, Vec<usize>>,
    known: HashSet<String>,
}

#[derive(Debug)]
struct Known {
    text: String,
    skeleton: String,
}

impl Spelling {
    /// Learns a folded word.
    pub(super) fn learn(&mut self, text: &str) {
        let bones = skeleton(text);
        if !self.known.insert(bones.clone()) || bones.len() < SHORTEST {
            return;
        }
        for trace in traces(&bones) {
            self.traces.entry(trace).or_default().push(self.words.len());
        }
        self.words.push(Known { text: text.to_owned(), skeleton: bones });
    }

    /// The one known word that `bones` is a slip of the finger away from.
    pub(super) fn correct(&self, bones: &str) -> Option<&str> {
        if bones.len() < SHORTEST || self.known.contains(bones) {
            return None;
        }
        traces(bones)
            .filter_map(|trace| self.traces.get(&trace))
            .flatten()
            .filter_map(|at| self.words.get(*at))
            .find(|word| is_slip(&word.skeleton, bones))
            .map(|word| word.text.as_str())
    }
}

/// The word, and the word without each of its letters.
fn traces(word: &str) -> impl Iterator<Item = String> {
    let without = word.char_indices().map(|(at, _)| {
        word.char_indices().filter(|(i, _)| *i != at).map(|(_, c)| c).collect::<String>()
    });
    std::iter::once(word.to_owned()).chain(without)
}

/// Whether two words that share a trace are one slip apart. The first letter is seldom wrong.
fn is_slip(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.first() != b.first() || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    if a.len() != b.len() {
        return true;
    }
    let differing: Vec<usize> =
        a.iter().zip(&b).enumerate().filter(|(_, (a, b))| a != b).map(|(at, _)| at).collect();
    match differing.as_slice() {
        [_] => true,
        [i, j] => i + 1 == *j && a.get(*i) == b.get(*j) && a.get(*j) == b.get(*i),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_is_corrected_and_two_are_not() {
        let mut spelling = Spelling::default();
        for word in ["оператор", "интернет"] {
            spelling.learn(word);
        }
        for (typed, meant) in [
            ("операто", Some("оператор")),
            ("опператор", None), // the skeleton already has one of doubled letters
            ("интренет", Some("интернет")),
            ("интирнет", Some("интернет")),
            ("интрент", None),
            ("погода", None),
        ] {
            assert_eq!(spelling.correct(&skeleton(typed)), meant, "{typed}");
        }
    }
}
