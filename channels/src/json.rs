//! JSON from strangers.
//!
//! `serde_json::Value` must not be read from what a stranger sent: while `raw_value` is on, and
//! axum turns it on, an object whose first key is `$serde_json::private::RawValue` makes
//! `Value` read the text beside it as JSON of its own, with a new recursion limit. Nested a dozen
//! times, 20 KiB overflowed the stack of a debug build, and the process aborted. What is read here has one limit for
//! the whole text, and every key is only a key.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How many values one text may hold. A value takes dozens of bytes in memory and as few as two
/// in the text, so that a body's limit alone does not limit what reading it costs.
pub const MAX_VALUES: usize = 100_000;

/// Reads one JSON text: at most [`MAX_VALUES`] values, at most 127 levels deep. Of a key that
/// stands twice in an object, the last counts. A byte order mark before the text, with which some
/// systems begin, is no part of it.
///
/// # Errors
/// The text is no JSON, or deeper than that (`is_syntax`, `is_eof`), or holds more values than
/// that (`is_data`). The error's line and column say where.
pub fn parse(text: &str) -> serde_json::Result<Value> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let left = Cell::new(MAX_VALUES);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Plain { left: &left }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Builds a value of what comes, whatever it is, and counts.
#[derive(Clone, Copy)]
struct Plain<'a> {
    left: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Plain<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(D::Error::custom(format_args!("more than {MAX_VALUES} values")));
        };
        self.left.set(left);
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plain<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            map.insert(key, entries.next_value_seed(self)?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_value_is_read_as_it_stands() {
        let text = r#" {"a":[null,true,-1,18446744073709551615,1.5e3,"ж\u0416\n"],"b":{"c":{}}} "#;
        let expected = json!({
            "a": [null, true, -1, 18_446_744_073_709_551_615_u64, 1500.0, "жЖ\n"], "b": {"c": {}},
        });
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn the_last_of_two_equal_keys_counts() {
        assert_eq!(parse(r#"{"a":1,"a":2}"#).unwrap(), json!({"a": 2}));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", " ", "{", "{} x", "1e999", "nul", "'a'", r#""\ud800""#, "\u{feff}"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn one_byte_order_mark_may_come_first() {
        assert_eq!(parse("\u{feff}{\"a\":1}").unwrap(), json!({"a": 1}));
        for text in ["\u{feff}\u{feff}1", "{\u{feff}}", "1\u{feff}"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn depth_and_number_of_values_have_limits() {
        assert!(parse(&format!("{}{}", "[".repeat(127), "]".repeat(127))).is_ok());
        assert!(parse(&format!("{}{}", "[".repeat(128), "]".repeat(128))).is_err());
        let list = |n: usize| format!("[{}0]", "0,".repeat(n - 1));
        assert!(parse(&list(MAX_VALUES - 1)).is_ok());
        assert!(parse(&list(MAX_VALUES)).is_err());
    }

    #[test]
    fn a_key_with_a_meaning_for_serde_json_is_a_key() {
        for key in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
            let text = json!({key: "[1]"}).to_string();
            assert_eq!(parse(&text).unwrap(), json!({key: "[1]"}));
        }
    }
}
