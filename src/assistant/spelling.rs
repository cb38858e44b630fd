//! Words that were mistyped by one letter.

use rustc_hash::{FxHashMap, FxHashSet};

use super::words::skeleton;

/// Shorter words have too many neighbours.
const SHORTEST: usize = 6;

/// Known words, found again when a letter is missing, too many, wrong or swapped with the next.
#[derive(Debug, Default)]
pub(super) struct Spelling {
    words: Vec<Known>,
    /// A known word, whole or without one of its letters.
    traces: FxHashMap<String, Vec<usize>>,
    known: FxHashSet<String>,
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
        for_traces(&bones, |trace| {
            self.traces.entry(trace.to_owned()).or_default().push(self.words.len());
            None::<()>
        });
        self.words.push(Known { text: text.to_owned(), skeleton: bones });
    }

    /// The one known word that `bones` is a slip of the finger away from.
    pub(super) fn correct(&self, bones: &str) -> Option<&str> {
        if bones.len() < SHORTEST || self.known.contains(bones) {
            return None;
        }
        for_traces(bones, |trace| {
            let known = self.traces.get(trace)?.iter().filter_map(|at| self.words.get(*at));
            let meant = known.into_iter().find(|word| is_slip(&word.skeleton, bones))?;
            Some(meant.text.as_str())
        })
    }
}

/// The first that `of` makes of the word, or of the word without one of its letters.
fn for_traces<T>(word: &str, mut of: impl FnMut(&str) -> Option<T>) -> Option<T> {
    let mut without = String::with_capacity(word.len());
    of(word).or_else(|| {
        word.char_indices().find_map(|(at, letter)| {
            without.clear();
            without.push_str(word.get(..at)?);
            without.push_str(word.get(at + letter.len_utf8()..)?);
            of(&without)
        })
    })
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
