//! The labelled messages that the assistant is measured by: two halves, of which only the first may
//! be looked at while it is made better.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use crate::assistant::classifier::train;
use crate::assistant::{Builtin, Language, Prompts, Texts};
use crate::tickets::Priority;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only their shapes are checked")]
struct Case {
    text: String,
    language: String,
    category: Option<String>,
    escalate: bool,
    channel: Option<String>,
    department: Option<String>,
    priority: Option<Priority>,
    #[serde(default)]
    history: Vec<Said>,
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    by: String,
    text: String,
}

/// None where the half is not there: the one that is only counted may be kept elsewhere.
fn read(half: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/cases").join(half);
    let files = std::fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path());
    let cases = files.map(|file| {
        let text = std::fs::read_to_string(&file).unwrap();
        let cases: Cases =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        cases.cases
    });
    cases.flatten().collect()
}

#[test]
fn they_are_labelled_with_words_that_exist() {
    for case in read("train").iter().chain(&read("held-out")) {
        let known = |value: &Option<String>, all: &[&str]| {
            value.as_ref().is_none_or(|value| all.contains(&value.as_str()))
        };
        let is_right = !case.text.trim().is_empty()
            && case.language.parse::<Language>().is_ok()
            && known(&case.category, &["internet", "tv", "billing", "other"])
            && known(&case.channel, &["web", "email", "telegram", "whatsapp", "api"])
            && known(&case.department, &["technical", "financial", "sales", "service"])
            && case.history.iter().all(|said| {
                !said.text.is_empty()
                    && ["customer", "assistant", "operator"].contains(&said.by.as_str())
            });
        assert!(is_right, "{}", case.text);
    }
}

#[test]
fn no_message_is_in_both_halves() {
    let half = |name| -> HashSet<String> {
        read(name)
            .iter()
            .filter(|case| case.history.is_empty())
            .map(|case| case.text.to_lowercase())
            .collect()
    };
    let (train, held_out) = (half("train"), half("held-out"));
    let both: Vec<_> = train.intersection(&held_out).collect();
    assert!(both.is_empty(), "{both:?}");
    assert!((held_out.is_empty() || held_out.len() >= 250) && train.len() >= 450);
}

/// `make train` writes the file anew. Another processor may round the last digit otherwise.
#[tokio::test]
async fn the_classifier_is_what_these_messages_teach() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/cases/train");
    let prompts = Arc::new(Prompts::embedded().unwrap());
    let texts = Arc::new(Texts::new(&prompts, "Centrium", Language::Ru).unwrap());
    let builtin = Builtin::new(prompts.clone(), texts, Language::Ru);
    let cases = crate::eval::case::read(&folder, &prompts).unwrap();
    let examples = crate::eval::examples(&builtin, &cases).await.unwrap();
    let categories: Vec<String> = prompts.categories().map(str::to_owned).collect();
    let taught = train(&examples, &categories);
    assert!(taught.is_nearly(&prompts.classifier), "run `make train`");
}
