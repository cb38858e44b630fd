//! The shapes of the files, and the checks of what they say.

use std::collections::HashSet;

use serde::Deserialize;
use toml::Spanned;

use super::PromptsError;
use super::document::{self, Document};
use super::error::Text;
use crate::assistant::article::{Article, Source};
use crate::assistant::language::Language;
use crate::assistant::rules::{self, After, Rule, Wording};
use crate::tickets::Priority;

/// Phrases in the grammar of `phrases.rs`, by language.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Phrases {
    ru: Vec<Spanned<String>>,
    kk: Vec<Spanned<String>>,
    en: Vec<Spanned<String>>,
}

impl Phrases {
    pub(super) fn each(&self) -> impl Iterator<Item = (Language, &Spanned<String>)> {
        [(Language::Ru, &self.ru), (Language::Kk, &self.kk), (Language::En, &self.en)]
            .into_iter()
            .flat_map(|(language, phrases)| phrases.iter().map(move |phrase| (language, phrase)))
    }
}

/// `categories.toml`.
#[derive(Debug)]
pub(super) struct Categories {
    pub(super) departments: Vec<String>,
    pub(super) category: Vec<CategoryFile>,
    pub(super) wish: Vec<Wish>,
    pub(super) talk: Vec<Named>,
    /// Nothing of it had to be left out.
    is_whole: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryFile {
    pub(super) name: Spanned<String>,
    pub(super) department: Spanned<String>,
    #[serde(default)]
    pub(super) problems: Phrases,
    #[serde(default)]
    pub(super) topics: Phrases,
}

/// A wish that goes to a department of its own, whatever the category.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    pub(super) department: Spanned<String>,
    pub(super) phrases: Phrases,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    pub(super) id: Spanned<String>,
    pub(super) phrases: Phrases,
}

impl Categories {
    pub(super) fn parse(text: Text<'_>, faults: &mut Vec<PromptsError>) -> Self {
        let known = faults.len();
        let mut document = Document::parse(text, faults);
        let mut categories = Self {
            departments: document.one("departments"),
            category: document.each("category"),
            wish: document.each("wish"),
            talk: document.each("talk"),
            is_whole: false,
        };
        document.finish();
        categories.is_whole = faults.len() == known;
        if !categories.has(rules::OTHER) {
            faults.push(text.fault(None, "there is no category `other`"));
        }
        let mut check = Check { text, categories: &categories, faults };
        check.unique("category", categories.category.iter().map(|c| &c.name));
        check.unique("talk", categories.talk.iter().map(|talk| &talk.id));
        for category in &categories.category {
            check.department(Some(&category.department));
        }
        for wish in &categories.wish {
            check.department(Some(&wish.department));
        }
        categories
    }

    /// Whether there is this category, or may be one.
    pub(super) fn has(&self, name: &str) -> bool {
        !self.is_whole || self.category.iter().any(|c| c.name.get_ref() == name)
    }

    fn has_department(&self, name: &str) -> bool {
        self.departments.is_empty() || self.departments.iter().any(|d| d == name)
    }
}

/// Looks whether what a file names is there.
struct Check<'a> {
    text: Text<'a>,
    categories: &'a Categories,
    faults: &'a mut Vec<PromptsError>,
}

impl Check<'_> {
    fn category(&mut self, name: Option<&Spanned<String>>) {
        if let Some(name) = name.filter(|name| !self.categories.has(name.get_ref())) {
            self.add(name, format!("there is no category `{name}`"));
        }
    }

    fn department(&mut self, name: Option<&Spanned<String>>) {
        if let Some(name) = name.filter(|name| !self.categories.has_department(name.get_ref())) {
            self.add(name, format!("there is no department `{name}`"));
        }
    }

    fn unique<'b>(&mut self, what: &str, names: impl Iterator<Item = &'b Spanned<String>>) {
        let mut seen = HashSet::new();
        for name in names.filter(|name| !seen.insert(name.get_ref())) {
            self.add(name, format!("the {what} `{name}` is there twice"));
        }
    }

    fn add(&mut self, at: &Spanned<String>, sentence: String) {
        self.faults.push(self.text.fault(Some(at.span().start), sentence));
    }
}

/// `escalation.toml`.
#[derive(Debug)]
pub(super) struct Escalation {
    pub(super) rule: Vec<RuleFile>,
    pub(super) tried: Vec<Named>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    id: Spanned<String>,
    reason: Wording,
    #[serde(default)]
    priority: Priority,
    category: Option<Spanned<String>>,
    department: Option<Spanned<String>>,
    after: Option<After>,
    #[serde(default)]
    first_aid: bool,
    #[serde(default)]
    unsure: bool,
    #[serde(default)]
    doubtful: bool,
    #[serde(default)]
    pub(super) phrases: Phrases,
    #[serde(default)]
    pub(super) except: Phrases,
}

impl RuleFile {
    pub(super) fn into_rule(self) -> Rule {
        Rule {
            id: self.id.into_inner(),
            reason: self.reason,
            priority: self.priority,
            category: self.category.map(Spanned::into_inner),
            department: self.department.map(Spanned::into_inner),
            after: self.after,
            first_aid: self.first_aid,
            unsure: self.unsure,
            doubtful: self.doubtful,
        }
    }
}

impl Escalation {
    pub(super) fn parse(
        text: Text<'_>,
        categories: &Categories,
        faults: &mut Vec<PromptsError>,
    ) -> Self {
        let known = faults.len();
        let mut document = Document::parse(text, faults);
        let escalation = Self { rule: document.each("rule"), tried: document.each("tried") };
        document.finish();
        let is_whole = faults.len() == known;
        let mut check = Check { text, categories, faults };
        check.unique("rule", escalation.rule.iter().map(|rule| &rule.id));
        check.unique("step", escalation.tried.iter().map(|step| &step.id));
        for rule in &escalation.rule {
            check.category(rule.category.as_ref());
            check.department(rule.department.as_ref());
        }
        for id in [rules::REPEATED, rules::UNCLEAR, rules::LIKELY] {
            if is_whole && !escalation.rule.iter().any(|rule| rule.id.get_ref() == id) {
                faults.push(text.fault(None, format!("there is no rule `{id}`")));
            }
        }
        escalation
    }
}

/// `signs.toml`.
#[derive(Debug)]
pub(super) struct Signs {
    pub(super) sign: Vec<Named>,
}

impl Signs {
    pub(super) fn parse(text: Text<'_>, faults: &mut Vec<PromptsError>) -> Self {
        let mut document = Document::parse(text, faults);
        let signs = Self { sign: document.each("sign") };
        document.finish();
        signs
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    id: Spanned<String>,
    language: Language,
    category: Spanned<String>,
    title: Spanned<String>,
    questions: Spanned<Vec<String>>,
    links: Option<Spanned<Vec<String>>>,
}

/// What begins and ends the front matter of an article.
const FENCE: &str = "+++";

/// An article: TOML between `+++` lines, and the answer after them.
pub(super) fn article(
    file: &str,
    text: Text<'_>,
    categories: &Categories,
    faults: &mut Vec<PromptsError>,
) -> Option<Article> {
    let (front, body) = halves(text, faults)?;
    let matter: FrontMatter = document::read(&front, faults)?;
    let in_front = [
        ("id", matter.id.span().start),
        ("category", matter.category.span().start),
        ("title", matter.title.span().start),
        ("questions", matter.questions.span().start),
        ("links", matter.links.as_ref().map_or(0, |links| links.span().start)),
    ];
    let article = Article {
        id: matter.id.into_inner(),
        language: matter.language,
        category: matter.category.into_inner(),
        title: matter.title.into_inner(),
        questions: matter.questions.into_inner(),
        body: body.part.trim().to_owned(),
        links: matter.links.map(Spanned::into_inner).unwrap_or_default(),
        source: Source::File(file.to_owned()),
    };
    let wrong = article.faults(|category| categories.has(category));
    let is_right = wrong.is_empty();
    for (field, sentence) in wrong {
        let place = in_front.iter().find(|(name, _)| *name == field);
        faults.push(match place {
            Some((_, at)) => front.fault(Some(*at), sentence),
            None => body.fault(Some(0), sentence),
        });
    }
    is_right.then_some(article)
}

/// The front matter and what follows it, from its first line on.
pub(super) fn halves<'a>(
    text: Text<'a>,
    faults: &mut Vec<PromptsError>,
) -> Option<(Text<'a>, Text<'a>)> {
    let halves = split(text);
    if halves.is_none() {
        faults.push(text.fault(Some(0), "it does not begin with TOML between two `+++` lines"));
    }
    halves
}

fn split(text: Text<'_>) -> Option<(Text<'_>, Text<'_>)> {
    let blank = text.part.len() - text.part.trim_start().len();
    let rest = text.part.get(blank..)?.strip_prefix(FENCE)?;
    let begin = blank + FENCE.len();
    let end = begin + rest.find("\n+++")?;
    let body = end + 1 + FENCE.len();
    let line = text.part.get(body..)?.find('\n').map_or(0, |newline| newline + 1);
    Some((text.cut(begin, end), text.cut(body + line, text.part.len())))
}
