//! What stands behind the question mark of an address.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use centrium_channels::Problem;

use crate::ingest::clean_text;

/// Characters of a search at most.
const LONGEST_SEARCH: usize = 1_000;
/// Characters of a wrong value that are shown again.
const SHOWN: usize = 50;

/// The names and values of a query. Unknown names are ignored.
///
/// Rejection: 400 for a name that is given twice, since it can't be told which one is meant.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(Problem::bad_request(format!("{} is given twice.", short(&name))));
            }
            pairs.push((name.into_owned(), clean_text(value.into_owned())));
        }
        Ok(Self(pairs))
    }

    /// The value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a name, understood.
    ///
    /// # Errors
    /// 400 with a sentence that names the filter, its value and what it may be.
    pub(super) fn one_of<T>(&self, name: &str) -> Result<Option<T>, Problem>
    where
        T: FromStr<Err: Display>,
    {
        let Some(value) = self.get(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|rule| unknown(name, value, &format!("{rule}.")))
    }

    /// The value of a name, which must be one of these words.
    ///
    /// # Errors
    /// As [`one_of`](Self::one_of).
    pub(super) fn word_of<'a>(
        &self,
        name: &str,
        mut words: impl Iterator<Item = &'a str>,
    ) -> Result<Option<String>, Problem> {
        let Some(value) = self.get(name) else { return Ok(None) };
        if words.any(|word| word == value) {
            return Ok(Some(value.to_owned()));
        }
        Err(unknown(name, value, "It is none of those in use here."))
    }

    /// What is looked for, in `q`; nothing when that is blank.
    ///
    /// # Errors
    /// 400 when it is longer than 1,000 characters.
    pub(super) fn search(&self) -> Result<Option<&str>, Problem> {
        let text = self.get("q").map(str::trim).filter(|text| !text.is_empty());
        if text.is_some_and(|text| text.chars().count() > LONGEST_SEARCH) {
            let sentence = format!("q is longer than {LONGEST_SEARCH} characters.");
            return Err(Problem::bad_request(sentence));
        }
        Ok(text)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

fn unknown(name: &str, value: &str, rule: &str) -> Problem {
    Problem::bad_request(format!("{name} can't be \"{}\". {}", short(value), capital(rule)))
}

fn short(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

fn capital(sentence: &str) -> String {
    let mut rest = sentence.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tickets::Status;

    fn query(text: &str) -> Query {
        Query::parse(text).unwrap()
    }

    #[test]
    fn values_are_decoded_and_hold_no_zero() {
        let query = query("q=%D0%B4%D0%B0+no&operator=a%00b&x");
        assert_eq!(query.get("q"), Some("да no"));
        assert_eq!(query.get("operator"), Some("a\u{FFFD}b"));
        assert_eq!(query.get("x"), Some(""));
        assert_eq!(query.get("y"), None);
    }

    #[test]
    fn a_name_that_is_given_twice_is_refused() {
        let refused = Query::parse("status=new&status=closed").unwrap_err();
        assert_eq!(refused.sentence, "status is given twice.");
    }

    #[test]
    fn an_unknown_value_is_named_with_what_it_may_be() {
        assert_eq!(query("status=new").one_of("status").unwrap(), Some(Status::New));
        let refused = query("status=open").one_of::<Status>("status").unwrap_err();
        assert_eq!(
            refused.sentence,
            "status can't be \"open\". A status is one of new, in_progress, closed."
        );
        assert!(query("status=").one_of::<Status>("status").is_err());
        assert!(query("category=x").word_of("category", ["billing"].into_iter()).is_err());
    }

    #[test]
    fn a_blank_search_finds_everything_and_a_long_one_is_refused() {
        assert_eq!(query("q=+").search().unwrap(), None);
        assert_eq!(query("q=+a").search().unwrap(), Some("a"));
        assert!(query(&format!("q={}", "a".repeat(1_001))).search().is_err());
    }
}
