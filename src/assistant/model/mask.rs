//! Private numbers that a provider does not see: each is replaced by a word, and put back in the
//! reply.

use std::sync::LazyLock;

use regex::Regex;

/// 13 to 19 digits, alone or in groups.
static CARD: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\d(?:[ \-\u{a0}]?\d){12,18}").ok());
/// Two letters, two digits and 11 to 30 letters or digits, alone or in groups.
static IBAN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b[a-z]{2}\d{2}(?:[ \-\u{a0}]?[a-z0-9]){11,30}\b").ok());

/// What is private, in one turn: the same value has the same word in all of its texts.
#[derive(Debug)]
pub(super) struct Mask<'a> {
    patterns: &'a [Regex],
    /// Words and the values that they stand for.
    hidden: Vec<(String, String)>,
}

impl<'a> Mask<'a> {
    /// Hides cards, IBANs, and what these patterns find.
    pub(super) const fn new(patterns: &'a [Regex]) -> Self {
        Self { patterns, hidden: Vec::new() }
    }

    /// The text with words in place of what is private.
    pub(super) fn hide(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for pattern in self.patterns {
            text = self.replace(&text, pattern, "TEXT", |from, found| Some(from.len().min(found)));
        }
        // Longer than a card, and may begin like one behind its letters.
        if let Some(iban) = &*IBAN {
            text = self.replace(&text, iban, "IBAN", |from, found| longest(from, found, is_iban));
        }
        if let Some(card) = &*CARD {
            text = self.replace(&text, card, "CARD", |from, found| longest(from, found, is_card));
        }
        text
    }

    /// The text with the values put back.
    pub(super) fn show(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (word, value) in &self.hidden {
            text = text.replace(word, value);
        }
        text
    }

    /// `private` says how much of what begins here is private, of a part that was `found`.
    fn replace(
        &mut self,
        text: &str,
        pattern: &Regex,
        kind: &str,
        private: impl Fn(&str, usize) -> Option<usize>,
    ) -> String {
        let (mut masked, mut rest) = (String::with_capacity(text.len()), text);
        while let Some(found) = pattern.find(rest).filter(|found| !found.is_empty()) {
            let (before, from) = rest.split_at(found.start());
            masked.push_str(before);
            let after = if let Some(length) = private(from, found.len()) {
                let (value, after) = from.split_at(length);
                masked.push_str(&self.word(kind, value));
                after
            } else {
                let group = from.find(|c: char| !c.is_alphanumeric()).unwrap_or(from.len());
                let (group, after) = from.split_at(group.max(1));
                masked.push_str(group);
                after
            };
            rest = after;
        }
        masked.push_str(rest);
        masked
    }

    fn word(&mut self, kind: &str, value: &str) -> String {
        if let Some((word, _)) = self.hidden.iter().find(|(_, known)| known == value) {
            return word.clone();
        }
        let of_kind = |(word, _): &&(String, String)| word.starts_with(&format!("{{{kind}-"));
        let number = self.hidden.iter().filter(of_kind).count() + 1;
        let word = format!("{{{kind}-{number}}}");
        self.hidden.push((word.clone(), value.to_owned()));
        word
    }
}

/// How long the longest beginning of these groups of digits and letters is that passes. What goes on
/// behind it may be another number.
fn longest(from: &str, found: usize, passes: impl Fn(&str) -> bool) -> Option<usize> {
    let ends = from.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= found);
    let ends: Vec<usize> = ends.collect();
    ends.into_iter().rev().find(|end| {
        let (part, after) = from.split_at(*end);
        let is_group = part.ends_with(char::is_alphanumeric)
            && !after.starts_with(|c: char| c.is_ascii_alphanumeric());
        is_group && passes(part)
    })
}

/// Whether these are 13 to 19 digits whose last one is right, as ISO/IEC 7812 says (Luhn).
fn is_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10) && sum > 0
}

/// Whether the rest by 97 is 1, as ISO 13616 says.
fn is_iban(text: &str) -> bool {
    let signs: Vec<char> = text.chars().filter(char::is_ascii_alphanumeric).collect();
    if !(15..=34).contains(&signs.len()) {
        return false;
    }
    let (front, back) = signs.split_at(4);
    let rest =
        back.iter().chain(front).filter_map(|c| c.to_digit(36)).fold(0_u32, |rest, value| {
            if value < 10 { (rest * 10 + value) % 97 } else { (rest * 100 + value) % 97 }
        });
    rest == 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn cards_and_ibans_are_hidden_and_put_back() {
        for (text, hidden) in [
            ("карта 4111 1111 1111 1111, списали", "карта {CARD-1}, списали"),
            ("карта 4111111111111111!", "карта {CARD-1}!"),
            ("договор 100200 4111 1111 1111 1111 123", "договор 100200 {CARD-1} 123"),
            ("4111-1111-1111-1111 и 5500 0000 0000 0004", "{CARD-1} и {CARD-2}"),
            ("IBAN KZ86 125K ZT50 0410 0100 here", "IBAN {IBAN-1} here"),
            ("DE89370400440532013000.", "{IBAN-1}."),
            ("4111111111111111 4111111111111111", "{CARD-1} {CARD-1}"),
        ] {
            let mut mask = Mask::new(&[]);
            assert_eq!(mask.hide(text), hidden);
            assert_eq!(mask.show(hidden), text);
        }
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "4111 1111 1111 1112",
            "договор 100200, телефон +7 701 123 45 67",
            "KZ86125KZT5004100101",
            "0000 0000 0000 0000",
            "заказ 12345678901",
            "номер 9994111111111111111",
        ] {
            assert_eq!(Mask::new(&[]).hide(text), text);
        }
    }

    #[test]
    fn configured_patterns_are_hidden_first() {
        let patterns = [Regex::new(r"ДОГ-\d+").unwrap()];
        let mut mask = Mask::new(&patterns);
        assert_eq!(mask.hide("договор ДОГ-77 и ДОГ-78"), "договор {TEXT-1} и {TEXT-2}");
        assert_eq!(mask.hide("опять ДОГ-77"), "опять {TEXT-1}", "the same word in the next text");
        assert_eq!(mask.show("Ваш {TEXT-2} найден."), "Ваш ДОГ-78 найден.");
    }
}
