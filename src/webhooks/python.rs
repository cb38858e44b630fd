//! JSON as Python prints it.
//!
//! The document's receivers check a signature by parsing the body and printing it again with
//! `json.dumps(payload, sort_keys=True)`. So the body is what that call prints, byte for byte.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::value::RawValue;

/// Levels of lists and objects inside each other, as many as `centrium_channels::json` reads.
const DEEPEST: usize = 127;
/// Python reads no longer integer (`sys.int_info.default_max_str_digits`).
const MOST_DIGITS: usize = 4300;

/// Why a text is not JSON that Python can read, as a sentence.
#[derive(Debug, thiserror::Error)]
pub enum NotJson {
    /// It breaks the grammar.
    #[error("The text is not JSON: {0}.")]
    Syntax(#[from] serde_json::Error),
    /// Its lists and objects stand too deep inside each other.
    #[error("The JSON is more than {DEEPEST} levels deep.")]
    TooDeep,
    /// It holds a number that Python refuses, or would read as infinite.
    #[error("The JSON holds a number that is too large.")]
    TooLarge,
}

/// What Python's `json.dumps(json.loads(json), sort_keys=True)` prints.
///
/// Integers of up to 4,300 digits keep every digit; floats are printed in the shortest form that
/// reads back as the same number, as `repr` does; of two equal keys the last counts; keys are in the order of
/// their code points. Half of a surrogate pair, which JSON can write and UTF-8 can't, stays.
///
/// # Errors
/// `json` is no JSON, is more than 127 levels deep, or holds a number that Python can't take.
/// Python's own additions to JSON (`NaN`, `Infinity`) are no JSON.
pub fn dumps(json: &str) -> Result<String, NotJson> {
    // Reading it as a whole checks all its grammar, so what is read again below can't be wrong.
    let whole: &RawValue = serde_json::from_str(json)?;
    let mut out = String::with_capacity(json.len());
    write_value(whole.get(), 0, &mut out)?;
    Ok(out)
}

/// Writes one value. Numbers are taken from the text, because every ready-made value would have
/// made a float of a big integer, and of `-0`. A text is scanned once more for each level around
/// it, which the limits of depth and of a payload's size keep short.
fn write_value(json: &str, depth: usize, out: &mut String) -> Result<(), NotJson> {
    match json.as_bytes().first() {
        Some(b'{' | b'[') if depth == DEEPEST => Err(NotJson::TooDeep),
        Some(b'{') => write_object(json, depth + 1, out),
        Some(b'[') => write_array(json, depth + 1, out),
        Some(b'"') => {
            write_text(&serde_json::from_str(json)?, out);
            Ok(())
        }
        Some(b't' | b'f' | b'n') => {
            out.push_str(json);
            Ok(())
        }
        _ => write_number(json, out),
    }
}

fn write_object(json: &str, depth: usize, out: &mut String) -> Result<(), NotJson> {
    let members: BTreeMap<Text<'_>, &RawValue> = serde_json::from_str(json)?;
    out.push('{');
    for (place, (key, value)) in members.iter().enumerate() {
        if place > 0 {
            out.push_str(", ");
        }
        write_text(key, out);
        out.push_str(": ");
        write_value(value.get(), depth, out)?;
    }
    out.push('}');
    Ok(())
}

fn write_array(json: &str, depth: usize, out: &mut String) -> Result<(), NotJson> {
    let items: Vec<&RawValue> = serde_json::from_str(json)?;
    out.push('[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push_str(", ");
        }
        write_value(item.get(), depth, out)?;
    }
    out.push(']');
    Ok(())
}

fn write_number(json: &str, out: &mut String) -> Result<(), NotJson> {
    if json.contains(['.', 'e', 'E']) {
        return write_float(json.parse().map_err(|_| NotJson::TooLarge)?, out);
    }
    if json.trim_start_matches('-').len() > MOST_DIGITS {
        return Err(NotJson::TooLarge);
    }
    // An integer has no negative zero.
    out.push_str(if json == "-0" { "0" } else { json });
    Ok(())
}

fn write_float(number: f64, out: &mut String) -> Result<(), NotJson> {
    if !number.is_finite() {
        return Err(NotJson::TooLarge);
    }
    let shortest = format!("{number:e}");
    let (digits, exponent) = parts(&shortest);
    let after_point = digits.trim_start_matches('-').len().saturating_sub(2);
    if (-4..16).contains(&exponent) {
        let decimals = i32::try_from(after_point).unwrap_or(i32::MAX) - exponent;
        out.push_str(&format!("{number:.*}", usize::try_from(decimals).unwrap_or(0).max(1)));
        return Ok(());
    }
    // Where two shortest forms are equally near, Python takes the even one, and Rust does so only
    // when it is told how many digits to print; next to some powers of two that is another number.
    let even = format!("{number:.after_point$e}");
    let (digits, exponent) = parts(if even.parse() == Ok(number) { &even } else { &shortest });
    let sign = if exponent < 0 { '-' } else { '+' };
    out.push_str(&format!("{digits}e{sign}{:02}", exponent.unsigned_abs()));
    Ok(())
}

/// What stands before and behind the `e`.
fn parts(printed: &str) -> (&str, i32) {
    let (digits, exponent) = printed.split_once('e').unwrap_or((printed, "0"));
    (digits, exponent.parse().unwrap_or(0))
}

/// Text of JSON in WTF-8: UTF-8 that may also hold half of a surrogate pair. Its bytes sort as its
/// code points do.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Text<'a>(Cow<'a, [u8]>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_bytes(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(bytes)))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(bytes.to_vec())))
    }
}

fn write_text(text: &Text<'_>, out: &mut String) {
    out.push('"');
    let mut bytes = text.0.iter().map(|byte| u32::from(*byte));
    while let Some(first) = bytes.next() {
        let (start, more) = match first {
            0..0x80 => (first, 0),
            0x80..0xe0 => (first & 0x1f, 1),
            0xe0..0xf0 => (first & 0x0f, 2),
            _ => (first & 0x07, 3),
        };
        let rest = bytes.by_ref().take(more);
        write_code_point(rest.fold(start, |point, byte| point << 6 | byte & 0x3f), out);
    }
    out.push('"');
}

fn write_code_point(point: u32, out: &mut String) {
    match char::from_u32(point) {
        Some('"') => out.push_str("\\\""),
        Some('\\') => out.push_str("\\\\"),
        Some('\n') => out.push_str("\\n"),
        Some('\r') => out.push_str("\\r"),
        Some('\t') => out.push_str("\\t"),
        Some('\u{8}') => out.push_str("\\b"),
        Some('\u{c}') => out.push_str("\\f"),
        Some(plain @ ' '..='~') => out.push(plain),
        Some(other) => {
            for unit in other.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
        None => out.push_str(&format!("\\u{point:04x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_prints_is_printed() {
        for (json, printed) in [
            (r#" { "b" : 1 , "a" : [ ] , "c" : { } } "#, r#"{"a": [], "b": 1, "c": {}}"#),
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"a": 3, "b": 2}"#),
            ("[1e16,1E15,0.1,-0.0,1e-7,5e-324,-0,1.0,100,1552054136566545.25]", {
                "[1e+16, 1000000000000000.0, 0.1, -0.0, 1e-07, 5e-324, 0, 1.0, 100, 1552054136566545.2]"
            }),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            (r#""Қазақ 😀 \u0000\u007f\/\"""#, {
                r#""\u049a\u0430\u0437\u0430\u049b \ud83d\ude00 \u0000\u007f/\"""#
            }),
            (r#""\ud800\ud83d\ude00\udc00""#, r#""\ud800\ud83d\ude00\udc00""#),
            ("{\"\u{ff00}\":1,\"\u{10000}\":2}", r#"{"\uff00": 1, "\ud800\udc00": 2}"#),
        ] {
            assert_eq!(dumps(json).unwrap(), printed);
        }
    }

    #[test]
    fn what_python_can_not_read_is_refused() {
        for json in ["", "{", "[1] 2", "NaN", "Infinity", "01", "1.", "'a'", "\"\n\"", "\u{feff}1"]
        {
            assert!(matches!(dumps(json), Err(NotJson::Syntax(_))), "{json:?}");
        }
        for json in ["1e309", "[-1e999]", &"1".repeat(4301)] {
            assert!(matches!(dumps(json), Err(NotJson::TooLarge)), "{json:?}");
        }
        assert!(dumps(&format!("-{}", "1".repeat(4300))).is_ok());
    }

    #[test]
    fn depth_has_a_limit() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(dumps(&nested(127)).unwrap(), nested(127));
        assert!(matches!(dumps(&nested(128)), Err(NotJson::TooDeep)));
        assert!(matches!(dumps(&nested(10_000)), Err(NotJson::TooDeep)));
    }

    #[test]
    fn a_key_with_a_meaning_for_serde_json_is_a_key() {
        let json = r#"{"$serde_json::private::RawValue": "[1]"}"#;
        assert_eq!(dumps(json).unwrap(), json);
    }
}
