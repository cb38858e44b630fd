//! A message as words: split, folded into one alphabet, with their stems.
//!
//! Customers write Kazakh without its letters, Russian in Latin letters, and both at once. So every
//! word has a *skeleton* in one small Latin alphabet, on which all these spellings meet:
//! `қосыңыз`, `косыныз` and `qosynyz` are all `kosiniz`.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::language::Language;
use super::stems::{self, Stems};

/// The longest message that is read; what follows cannot change the judgement's cost.
const MOST_WORDS: usize = 400;
/// The same for what holds no words, such as a megabyte of spaces.
const MOST_CHARACTERS: usize = 10_000;
/// Letters of a word that are kept; no word of a language is longer.
const MOST_LETTERS: usize = 40;

/// One word as it was written.
#[derive(Debug)]
pub(super) struct Written {
    /// Lower case, `ё` as `е`, without apostrophes.
    pub(super) text: String,
    /// The same in the one alphabet.
    pub(super) skeleton: String,
    /// The number of the sentence it stands in.
    sentence: usize,
}

/// One word of a message.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// Lower case, `ё` as `е`, without apostrophes.
    pub(super) text: String,
    /// The same in the one alphabet.
    pub(super) skeleton: String,
    /// What it may be a form of, by language.
    pub(super) stems: Stems,
    /// The number of the sentence it stands in.
    pub(super) sentence: usize,
}

impl Word {
    /// Reads one word of a text written in `language`, where that is known.
    pub(super) fn new(text: String, sentence: usize, language: Option<Language>) -> Self {
        let skeleton = skeleton(&text);
        Self::of(Written { text, skeleton, sentence }, language)
    }

    fn of(written: Written, language: Option<Language>) -> Self {
        let Written { text, skeleton, sentence } = written;
        let stems = stems::of(&text, &skeleton, language);
        Self { text, skeleton, stems, sentence }
    }

    /// How it is compared with the beginnings of words of a language.
    pub(super) fn spelling(&self, language: Language) -> &str {
        if language == Language::En { &self.text } else { &self.skeleton }
    }
}

/// The words of a text as they were written.
pub(super) fn written(text: &str) -> Vec<Written> {
    let written = |(text, sentence): (String, usize)| {
        let skeleton = skeleton(&text);
        Written { text, skeleton, sentence }
    };
    split(text).into_iter().map(written).collect()
}

/// Reads the words of a text in `language`, where that is known.
pub(super) fn read(words: Vec<Written>, language: Option<Language>) -> Vec<Word> {
    words.into_iter().map(|word| Word::of(word, language)).collect()
}

/// Splits a text into folded words, each with the number of its sentence.
pub(super) fn split(text: &str) -> Vec<(String, usize)> {
    let mut splitter = Splitter::default();
    if text.chars().take(MOST_CHARACTERS).all(is_plain) {
        splitter.read(text.chars());
    } else {
        splitter.read(text.nfc());
    }
    splitter.words
}

/// Latin and Cyrillic letters and what stands between them, in a text of which nothing need be
/// composed: no combining mark is among them.
fn is_plain(c: char) -> bool {
    matches!(c, ..'\u{300}' | '\u{400}'..='\u{482}' | '\u{48a}'..='\u{52f}' | '\u{2010}'..='\u{2027}')
}

#[derive(Default)]
struct Splitter {
    words: Vec<(String, usize)>,
    word: String,
    letters: usize,
    sentence: usize,
    /// A hyphen came right after a short word: `wi-fi` and `из-за` are one word.
    joining: bool,
}

impl Splitter {
    fn read(&mut self, characters: impl Iterator<Item = char>) {
        for c in characters.take(MOST_CHARACTERS) {
            if self.words.len() >= MOST_WORDS {
                break;
            }
            self.take(c);
        }
        self.end_word();
    }

    fn take(&mut self, c: char) {
        match c {
            c if is_small(c) || c.is_alphanumeric() => self.add(c),
            // Part of the word before it, but of no use to the match.
            '\'' | '’' | 'ʼ' | '`' => {}
            c if !is_plain(c) && is_combining_mark(c) => {}
            '-' | '‑' | '–' => {
                let short = (1..=3).contains(&self.letters);
                self.end_word();
                self.joining = short;
            }
            '.' | '!' | '?' | '\n' | ';' => {
                self.end_word();
                self.sentence += 1;
            }
            _ => self.end_word(),
        }
    }

    fn add(&mut self, c: char) {
        if self.letters >= MOST_LETTERS {
            return;
        }
        self.letters += 1;
        if is_small(c) {
            self.word.push(c);
            return;
        }
        for c in c.to_lowercase() {
            match c {
                'ё' => self.word.push('е'),
                c if !is_plain(c) && is_combining_mark(c) => {}
                c => self.word.push(c),
            }
        }
    }

    fn end_word(&mut self) {
        let joining = std::mem::take(&mut self.joining);
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let letters = std::mem::take(&mut self.letters);
        match self.words.last_mut() {
            Some((first, sentence)) if joining && letters <= 3 && *sentence == self.sentence => {
                first.push_str(&word);
            }
            _ => self.words.push((word, self.sentence)),
        }
    }
}

/// The letters of most messages, which are as they should be; asking of all that there are takes long.
const fn is_small(c: char) -> bool {
    matches!(c, 'a'..='z' | 'а'..='я')
}

/// Whether a folded word is written in Latin letters.
pub(super) fn is_latin(word: &str) -> bool {
    word.chars().any(|c| c.is_ascii_alphabetic() || ('\u{c0}'..='\u{24f}').contains(&c))
}

/// The word in the one alphabet.
pub(super) fn skeleton(word: &str) -> String {
    let mut roman = String::with_capacity(word.len());
    let has_letters = || word.chars().any(char::is_alphabetic);
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        let is_before_vowel =
            || matches!(chars.as_str().as_bytes(), [b'a' | b'e' | b'i' | b'o' | b'u' | b'y', ..]);
        match c {
            // `jok` is жоқ, but `moj` is мой.
            'j' => roman.push_str(if is_before_vowel() && roman.is_empty() { "zh" } else { "i" }),
            '4' if is_before_vowel() && has_letters() => roman.push_str("ch"),
            '6' if is_before_vowel() && has_letters() => roman.push_str("sh"),
            'ş' => roman.push_str("sh"),
            c if c.is_ascii() => roman.push(c),
            c => match cyrillic(c) {
                Some(letters) => roman.push_str(letters),
                None => roman.extend(std::iter::once(c).nfd().filter(|c| !is_combining_mark(*c))),
            },
        }
    }
    fold(&roman)
}

/// One Cyrillic letter in the one alphabet; the Kazakh letters as they are written without them.
const fn cyrillic(c: char) -> Option<&'static str> {
    Some(match c {
        'а' | 'ә' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ғ' => "g",
        'д' => "d",
        'е' | 'ё' | 'э' => "e",
        'ж' => "zh",
        'з' => "z",
        'и' | 'й' | 'ы' | 'і' | 'ı' => "i",
        'к' | 'қ' => "k",
        'л' => "l",
        'м' => "m",
        'н' | 'ң' => "n",
        'о' | 'ө' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' | 'ұ' | 'ү' => "u",
        'ф' => "f",
        'х' | 'һ' => "h",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ъ' | 'ь' => "",
        'ю' => "iu",
        'я' => "ia",
        _ => return None,
    })
}

/// Makes one of the usual ways to write a sound, and one of doubled letters.
fn fold(roman: &str) -> String {
    let mut folded = String::with_capacity(roman.len());
    let (mut rest, mut last) = (roman, None);
    while let Some(c) = rest.chars().next() {
        let (taken, letters) = match rest.as_bytes() {
            [b's', b'h', b'c', b'h', ..] => (4, "sh"),
            [b's', b'c', b'h', ..] => (3, "sh"),
            [b'z', b'h', ..] => (2, "z"),
            [b'k', b'h', ..] => (2, "h"),
            [b'g', b'h', ..] => (2, "g"),
            [b'y', ..] => (1, "i"),
            [b'x', ..] => (1, "h"),
            [b'q', ..] => (1, "k"),
            [b'w', ..] => (1, "v"),
            _ => (c.len_utf8(), rest.get(..c.len_utf8()).unwrap_or_default()),
        };
        let first = letters.chars().next();
        if first == last && first.is_some_and(char::is_alphabetic) {
            folded.push_str(letters.get(1..).unwrap_or_default());
        } else {
            folded.push_str(letters);
        }
        last = letters.chars().next_back();
        rest = rest.get(taken..).unwrap_or_default();
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        split(text).into_iter().map(|(word, _)| word).collect()
    }

    #[test]
    fn words_are_folded_and_short_hyphenated_ones_joined() {
        assert_eq!(texts("Ещё Wi-Fi, ТВ-приставка!"), ["еще", "wifi", "тв", "приставка"]);
        assert_eq!(texts("didn’t из-за"), ["didnt", "изза"]);
        assert_eq!(texts("¿? …"), [""; 0]);
    }

    #[test]
    fn a_full_stop_starts_a_sentence_and_a_comma_does_not() {
        let sentences: Vec<_> = split("Нет. Да, да").into_iter().map(|(_, at)| at).collect();
        assert_eq!(sentences, [0, 1, 1]);
    }

    #[test]
    fn spellings_of_one_word_meet() {
        for spellings in [
            ["қосыңыз", "косыныз", "qosynyz"],
            ["хочу", "xochu", "ho4u"],
            ["счет", "schet", "shchet"],
            ["жоқ", "zhok", "jok"],
            ["подключение", "podklyuchenie", "podkljuchenie"],
        ] {
            for spelling in spellings {
                assert_eq!(skeleton(spelling), skeleton(spellings[0]), "{spelling}");
            }
        }
    }
}
