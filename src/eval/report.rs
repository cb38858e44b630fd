//! The counts as text for people, and as JSON for machines.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::Judged;
use super::score::{Score, Scores, Wrong, wrong};

/// Articles that are told of a missed case.
const TOLD: usize = 3;

/// One line for all cases, and for each language, channel and file.
#[must_use]
pub fn table(scores: &Scores) -> String {
    let heads = Score::default().figures().map(|(name, _)| name.to_owned());
    let heads = [String::new(), "cases".to_owned()].into_iter().chain(heads);
    let mut rows = vec![heads.collect::<Vec<_>>()];
    for (name, score) in scores.groups() {
        let figures = score.figures().map(|(_, value)| percent(value));
        rows.push([name.to_owned(), score.cases.to_string()].into_iter().chain(figures).collect());
    }
    columns(&rows)
}

/// One line a category: how many of its cases were given which one.
#[must_use]
pub fn confusion(scores: &Scores) -> String {
    let given = scores.confusion.values().flat_map(|given| given.keys());
    let names: BTreeSet<&String> = scores.confusion.keys().chain(given).collect();
    let heads = names.iter().map(|name| format!("as {name}"));
    let mut rows = vec![std::iter::once(String::new()).chain(heads).collect::<Vec<_>>()];
    for (category, given) in &scores.confusion {
        let counts = names.iter().map(|name| given.get(*name).copied().unwrap_or(0).to_string());
        rows.push(std::iter::once(category.clone()).chain(counts).collect());
    }
    columns(&rows)
}

/// The figures of the prompts in use and of others, and what the others would change. Of languages
/// and channels only what differs.
#[must_use]
pub fn comparison(scores: &Scores, others: &Scores) -> String {
    let heads = ["", "", "in use", "against", "difference"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for ((group, score), (_, other)) in scores.groups().into_iter().zip(others.groups()) {
        for ((name, value), (_, other)) in score.figures().into_iter().zip(other.figures()) {
            if group != "all" && value == other {
                continue;
            }
            let difference = value.zip(other).map(|(value, other)| 100.0 * (other - value));
            let difference = difference.map_or_else(|| "-".to_owned(), |d| format!("{d:+.1}"));
            let (value, other) = (percent(value), percent(other));
            rows.push(vec![group.to_owned(), name.to_owned(), value, other, difference]);
        }
    }
    columns(&rows)
}

/// The cases that were judged wrongly, and what decided.
#[must_use]
pub fn misses(judged: &[Judged<'_>]) -> String {
    let mut text = String::new();
    for (judged, wrong) in missed(judged) {
        let case = judged.case;
        let wrong: Vec<_> = wrong
            .iter()
            .map(|Wrong { what, wanted, got }| format!("{what} {got} instead of {wanted}"))
            .collect();
        let after = if case.history.is_empty() { "" } else { ", in a conversation" };
        let why = case.why.as_ref().map(|why| format!("  labelled so: {why}\n"));
        // Writing to a string can't fail.
        let _ = write!(
            text,
            "{}: {:?}{after}\n  {}\n  decided by {}\n{}",
            case.place,
            case.text,
            wrong.join(", "),
            decided(judged),
            why.unwrap_or_default()
        );
    }
    text
}

/// The same counts, each figure from 0 to 1, or null where there is nothing to count.
#[must_use]
pub fn json(scores: &Scores) -> Value {
    let groups = |groups: Vec<(&str, &Score)>| -> Map<String, Value> {
        groups.into_iter().map(|(name, score)| (name.to_owned(), figures(score))).collect()
    };
    json!({
        "all": figures(&scores.all),
        "languages": groups(scores.languages.iter().map(|(l, s)| (l.as_str(), s)).collect()),
        "channels": groups(scores.channels.iter().map(|(c, s)| (c.as_str(), s)).collect()),
        "confusion": scores.confusion,
    })
}

/// The cases that were judged wrongly.
#[must_use]
pub fn json_misses(judged: &[Judged<'_>]) -> Value {
    let described = missed(judged).map(|(judged, wrong)| {
        let wrong: Vec<_> = wrong
            .iter()
            .map(|wrong| json!({ "what": wrong.what, "wanted": wrong.wanted, "got": wrong.got }))
            .collect();
        let articles: Vec<_> = judged
            .verdict
            .basis
            .passages
            .iter()
            .take(TOLD)
            .map(|passage| json!({ "article": passage.article, "score": rounded(passage.score) }))
            .collect();
        json!({
            "place": judged.case.place,
            "text": judged.case.text,
            "wrong": wrong,
            "rule": judged.verdict.basis.rule,
            "likelihood": judged.verdict.basis.likelihood.map(rounded),
            "sources": judged.verdict.sources,
            "articles": articles,
        })
    });
    described.collect()
}

fn missed<'a>(judged: &'a [Judged<'a>]) -> impl Iterator<Item = (&'a Judged<'a>, Vec<Wrong>)> + 'a {
    let judged = judged.iter().map(|judged| (judged, wrong(judged.case, &judged.verdict)));
    judged.filter(|(_, wrong)| !wrong.is_empty())
}

/// The rule, or the article that was the answer; the articles that came nearest; and what the
/// classifier thought.
fn decided(judged: &Judged<'_>) -> String {
    let basis = &judged.verdict.basis;
    let mut decided = match &basis.rule {
        Some(rule) => format!("rule {rule}"),
        None if judged.verdict.sources.is_empty() => "no rule and no article".to_owned(),
        None => format!("article {}", judged.verdict.sources.join(", ")),
    };
    let nearest: Vec<_> = (basis.passages.iter().take(TOLD))
        .map(|passage| format!("{} {:.1}", passage.article, passage.score))
        .collect();
    if !nearest.is_empty() {
        decided.push_str(&format!("; nearest: {}", nearest.join(", ")));
    }
    if let Some(likelihood) = basis.likelihood {
        decided.push_str(&format!("; likelihood {likelihood:.2}"));
    }
    decided
}

fn figures(score: &Score) -> Value {
    let mut figures = Map::new();
    figures.insert("cases".to_owned(), score.cases.into());
    figures.extend(score.figures().map(|(name, value)| (name.to_owned(), value.into())));
    figures.into()
}

/// To two digits; as it is, a score would show the noise of its last bits.
fn rounded(score: f32) -> f64 {
    (f64::from(score) * 100.0).round() / 100.0
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{:.1}", 100.0 * value))
}

/// Rows whose cells stand below each other: the first column to the left, the rest to the right.
fn columns(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(at, (cell, width))| {
            if at == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::super::score::tests::{case, verdict};
    use super::*;
    use crate::assistant::{Language, Passage};

    fn passage(article: &str, score: f32) -> Passage {
        Passage { article: article.to_owned(), score }
    }

    #[test]
    fn a_table_has_a_line_for_each_group() {
        let case = case(Language::En, "tv", true);
        let judged = [Judged { case: &case, verdict: verdict("tv", false) }];
        let scores = Scores::of(&judged);
        let expected = "         \
            cases  recall  precision   f1  category  language  department  priority\n\
            all          1     0.0          -  0.0     100.0     100.0           -         -\n\
            en           1     0.0          -  0.0     100.0     100.0           -         -\n\
            web          1     0.0          -  0.0     100.0     100.0           -         -\n\
            en.toml      1     0.0          -  0.0     100.0     100.0           -         -\n";
        assert_eq!(table(&scores), expected);
    }

    #[test]
    fn a_difference_is_what_the_other_prompts_would_change() {
        let case = case(Language::En, "tv", true);
        let of = |category, escalates| {
            let verdict = verdict(category, escalates);
            Scores::of(&[Judged { case: &case, verdict }])
        };
        let compared = comparison(&of("tv", false), &of("internet", true));
        let lines: Vec<Vec<_>> =
            compared.lines().map(|line| line.split_whitespace().collect()).collect();
        assert!(lines.contains(&vec!["all", "recall", "0.0", "100.0", "+100.0"]), "{compared}");
        assert!(lines.contains(&vec!["all", "precision", "-", "100.0", "-"]), "{compared}");
        assert!(lines.contains(&vec!["en", "category", "100.0", "0.0", "-100.0"]), "{compared}");
        assert!(lines.contains(&vec!["all", "language", "100.0", "100.0", "+0.0"]), "{compared}");
        let same = ["en", "language"];
        assert!(!lines.iter().any(|line| line.starts_with(&same)), "{compared}");
    }

    #[test]
    fn a_miss_is_told_with_what_decided() {
        let tv = case(Language::En, "tv", false);
        let mut called = verdict("tv", true);
        called.basis.passages = vec![passage("tv-remote", 5.5), passage("balance", 1.0)];
        called.basis.likelihood = Some(0.75);
        let judged = [
            Judged { case: &tv, verdict: called },
            Judged { case: &tv, verdict: verdict("tv", false) },
            Judged { case: &tv, verdict: verdict("billing", false) },
        ];
        let expected = "en.toml:2: \"a message\"\n  escalation yes instead of no\n  \
                        decided by rule danger; nearest: tv-remote 5.5, balance 1.0; \
                        likelihood 0.75\n\
                        en.toml:2: \"a message\"\n  category billing instead of tv\n  \
                        decided by no rule and no article\n";
        assert_eq!(misses(&judged), expected);
        let told = json_misses(&judged);
        assert_eq!(told.as_array().unwrap().len(), 2);
        assert_eq!(told[0]["rule"], "danger");
        assert_eq!(told[0]["articles"][0]["score"], 5.5);
        assert_eq!(told[1]["wrong"][0]["wanted"], "tv");
    }
}
