//! A long text in pieces that Telegram takes.

/// UTF-16 code units of a message at most.
pub(super) const LONGEST: usize = 4_096;

/// The text in pieces of at most `most` UTF-16 code units: cut between paragraphs where one ends
/// in the second half of a piece, else between lines, else between words, else anywhere between
/// two characters. What separates two pieces (blanks and ends of lines) is in neither of them; a
/// text that fits is one piece, unchanged.
pub(super) fn split(text: &str, most: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.encode_utf16().count() > most {
        let cut = cut(rest, most);
        let (piece, after) = rest.split_at(cut);
        if !piece.trim().is_empty() {
            pieces.push(piece.trim_end());
        }
        rest = after.trim_start();
    }
    if pieces.is_empty() || !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// Where to cut, in bytes: never 0.
fn cut(text: &str, most: usize) -> usize {
    let fits = &text[..fitting(text, most)];
    let half = fitting(text, most / 2);
    let paragraph = fits.rfind("\n\n");
    let line = fits.rfind('\n');
    let word = fits.rfind(char::is_whitespace);
    [paragraph, line, word].into_iter().flatten().find(|at| *at > half).unwrap_or(fits.len())
}

/// How many bytes of the text have at most this many UTF-16 code units; at least one character.
fn fitting(text: &str, most: usize) -> usize {
    let mut units = 0;
    for (at, character) in text.char_indices() {
        units += character.len_utf16();
        if units > most && at > 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_stays_as_it_is() {
        for text in ["", " a \n", "Здравствуйте!"] {
            assert_eq!(split(text, LONGEST), [text]);
        }
        assert_eq!(split(&"я".repeat(LONGEST), LONGEST).len(), 1);
    }

    #[test]
    fn units_are_those_of_utf_16() {
        let smiles = "😀".repeat(LONGEST / 2);
        assert_eq!(split(&smiles, LONGEST), [smiles.as_str()]);
        let more = format!("{smiles}a");
        assert_eq!(split(&more, LONGEST), [smiles.as_str(), "a"]);
    }

    #[test]
    fn it_is_cut_at_a_paragraph_then_a_line_then_a_word() {
        assert_eq!(split("one two\nthree\n\nfour five", 18), ["one two\nthree", "four five"]);
        assert_eq!(split("one two x\nthree four", 16), ["one two x", "three four"]);
        assert_eq!(split("one\ntwo three four", 16), ["one\ntwo three", "four"]);
        assert_eq!(split("one two three", 10), ["one two", "three"]);
        assert_eq!(split("onetwothree", 5), ["onetw", "othre", "e"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_long(text in "(\\PC|\n| |😀){0,300}", most in 2_usize..40) {
            let pieces = split(&text, most);
            let words = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(words(&pieces.concat()), words(&text));
            for piece in pieces {
                prop_assert!(piece.encode_utf16().count() <= most, "{piece:?}");
            }
        }
    }
}
