//! What a word may be a form of, in each language.

use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};
use rustc_hash::FxHashSet;

use super::language::Language;
use super::words::{is_latin, skeleton};

/// Stems by language; `None` where the word can't be of that language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stems([Option<Box<str>>; 3]);

impl Stems {
    /// The stem in one language.
    pub(super) fn get(&self, language: Language) -> Option<&str> {
        self.0.get(language as usize)?.as_deref()
    }
}

/// The stems of a folded word in a text of this language, where that is known.
///
/// A Kazakh text may hold Russian words and either may be in Latin letters, but a Russian text
/// holds no Kazakh, and in an English one `no` is not `но`.
pub(super) fn of(word: &str, bones: &str, language: Option<Language>) -> Stems {
    let kazakh = || (language != Some(Language::Ru)).then(|| kazakh(bones));
    if !is_latin(word) {
        return Stems([Some(russian(word)), kazakh(), None]);
    }
    let english = Some(english(word));
    if language == Some(Language::En) {
        return Stems([None, None, english]);
    }
    Stems([Some(russian(&cyrillic(word))), kazakh(), english])
}

/// The stem of a word known to be of one language.
pub(super) fn in_language(word: &str, language: Language) -> Box<str> {
    match language {
        Language::Ru if is_latin(word) => russian(&cyrillic(word)),
        Language::Ru => russian(word),
        Language::Kk => kazakh(&skeleton(word)),
        Language::En => english(word),
    }
}

fn english(word: &str) -> Box<str> {
    Stemmer::create(Algorithm::English).stem(word).into()
}

fn russian(word: &str) -> Box<str> {
    skeleton(&Stemmer::create(Algorithm::Russian).stem(word)).into()
}

/// Endings of Kazakh nouns and verbs in the one alphabet.
static KAZAKH_ENDINGS: LazyLock<FxHashSet<&str>> = LazyLock::new(|| {
    "niniz iniz inder indar ingan ilgan ilgen maidi meidi baidi beidi paidi peidi atin etin lardi \
     lerdi larin lerin miz niz lar ler dar der tar ter nin din tin dan den tan ten nan nen men ben \
     pen gan gen kan ken dim tim dik tik adi edi idi mai mei bai bei pai pei sa se ga ge ka ke na ne \
     da de ta te di ti ni si im in ip ap ep m n p i u"
        .split_whitespace()
        .collect()
});
const LONGEST_ENDING: usize = 5;

/// Strips Kazakh endings, the longest first, while a root of at least four letters is left.
fn kazakh(bones: &str) -> Box<str> {
    let shorter = |word: &str| {
        let mut roots = word.len().saturating_sub(LONGEST_ENDING).max(4)..word.len();
        roots.find(|root| word.get(*root..).is_some_and(|end| KAZAKH_ENDINGS.contains(end)))
    };
    let mut stem = bones;
    while let Some(root) = shorter(stem) {
        stem = stem.get(..root).unwrap_or_default();
    }
    stem.into()
}

/// Russian letters for a Latin spelling, greedily; what has none stays.
fn cyrillic(word: &str) -> String {
    const SOUNDS: &[(&str, &str)] = &[
        ("shch", "щ"),
        ("sch", "щ"),
        ("zh", "ж"),
        ("kh", "х"),
        ("ch", "ч"),
        ("sh", "ш"),
        ("ts", "ц"),
        ("ya", "я"),
        ("ja", "я"),
        ("yu", "ю"),
        ("ju", "ю"),
        ("yo", "е"),
        ("jo", "е"),
        ("ye", "е"),
        ("ay", "ай"),
        ("ey", "ей"),
        ("oy", "ой"),
        ("iy", "ий"),
        ("yy", "ый"),
    ];
    let mut out = String::with_capacity(word.len() * 2);
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        if let Some((latin, letters)) = SOUNDS.iter().find(|(latin, _)| rest.starts_with(latin)) {
            out.push_str(letters);
            rest = rest.get(latin.len()..).unwrap_or_default();
        } else {
            out.push(letter(c));
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

const fn letter(c: char) -> char {
    match c {
        'a' => 'а',
        'b' => 'б',
        'c' => 'ц',
        'd' => 'д',
        'e' => 'е',
        'f' => 'ф',
        'g' => 'г',
        'h' | 'x' => 'х',
        'i' => 'и',
        'j' => 'й',
        'k' | 'q' => 'к',
        'l' => 'л',
        'm' => 'м',
        'n' => 'н',
        'o' => 'о',
        'p' => 'п',
        'r' => 'р',
        's' => 'с',
        't' => 'т',
        'u' => 'у',
        'v' | 'w' => 'в',
        'y' => 'ы',
        'z' => 'з',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for (language, forms) in [
            (Language::Ru, ["роутер", "роутера", "роутеров", "routerom"]),
            (Language::Kk, ["оператор", "оператормен", "операторға", "operatordan"]),
            (Language::En, ["charge", "charged", "charges", "charging"]),
        ] {
            for form in forms {
                assert_eq!(in_language(form, language), in_language(forms[0], language), "{form}");
            }
        }
    }

    #[test]
    fn a_street_name_is_not_a_court() {
        assert_ne!(in_language("судовая", Language::Ru), in_language("суд", Language::Ru));
    }
}
