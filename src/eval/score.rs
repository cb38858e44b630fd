//! What is counted.

use std::collections::BTreeMap;

use centrium_channels::ChannelKind;

use super::{Case, Judged};
use crate::assistant::{Language, Verdict};
use crate::tickets::Priority;

/// How many of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many are right.
    pub right: u32,
    /// How many there are.
    pub of: u32,
}

impl Share {
    fn count(&mut self, is_right: bool) {
        self.right += u32::from(is_right);
        self.of += 1;
    }

    /// From 0 to 1; none where there is nothing to count.
    #[must_use]
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| f64::from(self.right) / f64::from(self.of))
    }
}

/// The counts of some cases.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// How many cases.
    pub cases: u32,
    /// Of those that need a human, where one was called.
    pub recall: Share,
    /// Of those where a human was called, the ones that need one.
    pub precision: Share,
    /// The category, where the case names one.
    pub category: Share,
    /// The language.
    pub language: Share,
    /// The department, where the case names one.
    pub department: Share,
    /// The priority, where the case names one.
    pub priority: Share,
}

impl Score {
    /// Counts a case in.
    pub fn add(&mut self, case: &Case, verdict: &Verdict) {
        self.cases += 1;
        if case.escalate {
            self.recall.count(verdict.needs_escalation);
        }
        if verdict.needs_escalation {
            self.precision.count(case.escalate);
        }
        self.language.count(case.language == verdict.language);
        if let Some(category) = &case.category {
            self.category.count(*category == verdict.category);
        }
        if let Some(department) = &case.department {
            self.department.count(*department == verdict.department);
        }
        if let Some(priority) = case.priority {
            self.priority.count(priority == verdict.priority);
        }
    }

    /// The harmonic mean of recall and precision; none where nobody was called nor needed.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        let both = self.recall.of + self.precision.of;
        (both > 0).then(|| 2.0 * f64::from(self.recall.right) / f64::from(both))
    }

    /// All figures by their names, each from 0 to 1, in the order in which they are shown.
    #[must_use]
    pub fn figures(&self) -> [(&'static str, Option<f64>); 7] {
        [
            ("recall", self.recall.value()),
            ("precision", self.precision.value()),
            ("f1", self.f1()),
            ("category", self.category.value()),
            ("language", self.language.value()),
            ("department", self.department.value()),
            ("priority", self.priority.value()),
        ]
    }
}

/// The counts of all cases, and of each language and channel.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    /// All cases.
    pub all: Score,
    /// By the case's language.
    pub languages: BTreeMap<Language, Score>,
    /// By the case's channel.
    pub channels: BTreeMap<ChannelKind, Score>,
    /// By the name of the case's file.
    pub files: BTreeMap<String, Score>,
    /// By the case's category: how many were given which one.
    pub confusion: BTreeMap<String, BTreeMap<String, u32>>,
}

impl Scores {
    /// Counts them all.
    #[must_use]
    pub fn of(judged: &[Judged<'_>]) -> Self {
        let mut scores = Self::default();
        for Judged { case, verdict } in judged {
            scores.all.add(case, verdict);
            scores.languages.entry(case.language).or_default().add(case, verdict);
            scores.channels.entry(case.channel).or_default().add(case, verdict);
            scores.files.entry(case.file().to_owned()).or_default().add(case, verdict);
            if let Some(category) = &case.category {
                let given = scores.confusion.entry(category.clone()).or_default();
                *given.entry(verdict.category.clone()).or_default() += 1;
            }
        }
        scores
    }

    /// All, each language, channel and file, by their names.
    #[must_use]
    pub fn groups(&self) -> Vec<(&str, &Score)> {
        let languages = self.languages.iter().map(|(language, score)| (language.as_str(), score));
        let channels = self.channels.iter().map(|(channel, score)| (channel.as_str(), score));
        let files = self.files.iter().map(|(file, score)| (file.as_str(), score));
        std::iter::once(("all", &self.all)).chain(languages).chain(channels).chain(files).collect()
    }

    /// The figures, of all cases and of each language, that are below what is asked for.
    #[must_use]
    pub fn below(&self, least: &[(String, f64)]) -> Vec<String> {
        let languages = self.languages.iter().map(|(language, score)| (language.as_str(), score));
        let mut below = Vec::new();
        for (group, score) in std::iter::once(("all", &self.all)).chain(languages) {
            for (name, value) in score.figures() {
                let asked = least.iter().find(|(asked, _)| asked == name);
                if let Some(((_, least), value)) = asked.zip(value).filter(|(a, v)| *v < a.1) {
                    let (value, least) = (100.0 * value, 100.0 * least);
                    below.push(format!("{name} of {group} is {value:.1}, not {least}"));
                }
            }
        }
        below
    }
}

/// One thing that a case wants otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// `escalation`, `category`, `language`, `department` or `priority`.
    pub what: &'static str,
    /// What the case names.
    pub wanted: String,
    /// What was decided.
    pub got: String,
}

/// All that a case wants otherwise.
#[must_use]
pub fn wrong(case: &Case, verdict: &Verdict) -> Vec<Wrong> {
    let called = |escalates| if escalates { "yes" } else { "no" };
    let compared = [
        ("escalation", Some(called(case.escalate)), called(verdict.needs_escalation)),
        ("category", case.category.as_deref(), verdict.category.as_str()),
        ("language", Some(case.language.as_str()), verdict.language.as_str()),
        ("department", case.department.as_deref(), verdict.department.as_str()),
        ("priority", case.priority.map(Priority::as_str), verdict.priority.as_str()),
    ];
    let differs = |(what, wanted, got): (&'static str, Option<&str>, &str)| {
        let wanted = wanted.filter(|wanted| *wanted != got)?;
        Some(Wrong { what, wanted: wanted.to_owned(), got: got.to_owned() })
    };
    compared.into_iter().filter_map(differs).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::assistant::Basis;

    /// A case of this language and category.
    pub(in crate::eval) fn case(language: Language, category: &str, escalate: bool) -> Case {
        Case {
            text: "a message".to_owned(),
            language,
            category: Some(category.to_owned()),
            escalate,
            channel: ChannelKind::Web,
            department: None,
            priority: None,
            history: Vec::new(),
            why: None,
            place: "en.toml:2".to_owned(),
        }
    }

    /// What was decided, in English.
    pub(in crate::eval) fn verdict(category: &str, escalates: bool) -> Verdict {
        Verdict {
            reply: "an answer".to_owned(),
            needs_escalation: escalates,
            reason: None,
            category: category.to_owned(),
            priority: Priority::Medium,
            department: "technical".to_owned(),
            subject: None,
            language: Language::En,
            sources: Vec::new(),
            basis: Basis { rule: escalates.then(|| "danger".to_owned()), ..Basis::default() },
        }
    }

    fn judged(case: &Case, verdict: Verdict) -> Judged<'_> {
        Judged { case, verdict }
    }

    #[test]
    fn recall_precision_and_f1_are_those_of_the_escalations() {
        let mut score = Score::default();
        // Needed 4 times and called in 3 of them; called 5 times.
        let cases = [
            (true, true),
            (true, true),
            (true, true),
            (true, false),
            (false, true),
            (false, true),
            (false, false),
        ];
        for (needed, called) in cases {
            score.add(&case(Language::En, "tv", needed), &verdict("tv", called));
        }
        assert_eq!(score.cases, 7);
        assert_eq!(score.recall, Share { right: 3, of: 4 });
        assert_eq!(score.precision, Share { right: 3, of: 5 });
        assert_eq!(score.recall.value(), Some(0.75));
        assert_eq!(score.precision.value(), Some(0.6));
        // 2 · 0.75 · 0.6 / (0.75 + 0.6) = 0.9 / 1.35
        let f1 = score.f1().unwrap();
        assert!((f1 - 2.0 / 3.0).abs() < 1e-12, "{f1}");
    }

    #[test]
    fn where_nothing_is_to_be_counted_there_is_no_figure() {
        let mut score = Score::default();
        assert!(score.figures().iter().all(|(_, value)| value.is_none()));
        score.add(&case(Language::En, "tv", false), &verdict("tv", false));
        let figures: Vec<_> = score.figures().into_iter().filter(|(_, v)| v.is_some()).collect();
        assert_eq!(figures, [("category", Some(1.0)), ("language", Some(1.0))]);
        score.add(&case(Language::En, "tv", true), &verdict("tv", false));
        assert_eq!((score.recall.value(), score.precision.value()), (Some(0.0), None));
        assert_eq!(score.f1(), Some(0.0));
    }

    #[test]
    fn languages_channels_and_categories_are_counted_apart() {
        let telegram = ChannelKind::Telegram;
        let russian = Case { channel: telegram, ..case(Language::Ru, "tv", false) };
        let english = case(Language::En, "internet", true);
        let unlabelled = Case { category: None, ..case(Language::En, "", false) };
        let scores = Scores::of(&[
            judged(&russian, verdict("tv", false)),
            judged(&english, verdict("tv", true)),
            judged(&english, verdict("internet", false)),
            judged(&unlabelled, verdict("other", false)),
        ]);
        let names: Vec<_> =
            scores.groups().iter().map(|(name, score)| (*name, score.cases)).collect();
        assert_eq!(
            names,
            [("all", 4), ("ru", 1), ("en", 3), ("web", 3), ("telegram", 1), ("en.toml", 4)]
        );
        assert_eq!(scores.all.category, Share { right: 2, of: 3 });
        assert_eq!(scores.all.language, Share { right: 3, of: 4 });
        assert_eq!(scores.languages[&Language::Ru].language, Share { right: 0, of: 1 });
        assert_eq!(scores.languages[&Language::En].recall, Share { right: 1, of: 2 });
        assert_eq!(scores.channels[&telegram].category, Share { right: 1, of: 1 });
        assert_eq!(scores.confusion["internet"]["tv"], 1);
        assert_eq!(scores.confusion["internet"]["internet"], 1);
        assert_eq!(scores.confusion["tv"]["tv"], 1);
        assert_eq!(scores.confusion.len(), 2);
    }

    #[test]
    fn what_is_below_the_least_is_told_for_each_language() {
        let (wrong, right) = (case(Language::Ru, "tv", true), case(Language::En, "tv", true));
        let scores = Scores::of(&[
            judged(&wrong, verdict("tv", false)),
            judged(&right, verdict("tv", true)),
        ]);
        let least = [("recall".to_owned(), 0.5), ("category".to_owned(), 1.0)];
        assert_eq!(scores.below(&least), ["recall of ru is 0.0, not 50"]);
        assert_eq!(scores.below(&[("precision".to_owned(), 1.0)]), [""; 0]);
    }

    #[test]
    fn department_and_priority_count_where_the_case_names_them() {
        let named = Case {
            department: Some("sales".to_owned()),
            priority: Some(Priority::Medium),
            ..case(Language::En, "tv", false)
        };
        let verdict = verdict("billing", true);
        let mut score = Score::default();
        score.add(&named, &verdict);
        assert_eq!(score.department, Share { right: 0, of: 1 });
        assert_eq!(score.priority, Share { right: 1, of: 1 });
        let wrong: Vec<_> = wrong(&named, &verdict)
            .into_iter()
            .map(|wrong| format!("{}: {} not {}", wrong.what, wrong.wanted, wrong.got))
            .collect();
        let expected = [
            "escalation: no not yes",
            "category: tv not billing",
            "department: sales not technical",
        ];
        assert_eq!(wrong, expected);
    }
}
