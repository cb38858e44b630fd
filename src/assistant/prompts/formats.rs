//! The shapes of the files, and the checks of what they say.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::PromptsError;
use crate::assistant::knowledge::Article;
use crate::assistant::language::Language;
use crate::assistant::rules::{self, After, Rule, Wording};
use crate::tickets::Priority;

/// Phrases in the grammar of `phrases.rs`, by language.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Phrases {
    ru: Vec<String>,
    kk: Vec<String>,
    en: Vec<String>,
}

impl Phrases {
    pub(super) fn each(&self) -> impl Iterator<Item = (Language, &str)> {
        [(Language::Ru, &self.ru), (Language::Kk, &self.kk), (Language::En, &self.en)]
            .into_iter()
            .flat_map(|(language, phrases)| phrases.iter().map(move |p| (language, p.as_str())))
    }
}

/// `categories.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Categories {
    pub(super) departments: Vec<String>,
    pub(super) category: Vec<CategoryFile>,
    #[serde(default)]
    pub(super) wish: Vec<Wish>,
    #[serde(default)]
    pub(super) talk: Vec<Named>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryFile {
    pub(super) name: String,
    pub(super) department: String,
    #[serde(default)]
    pub(super) problems: Phrases,
    #[serde(default)]
    pub(super) topics: Phrases,
}

/// A wish that goes to a department of its own, whatever the category.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    pub(super) department: String,
    pub(super) phrases: Phrases,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) phrases: Phrases,
}

impl Categories {
    pub(super) fn parse(text: &str) -> Result<Self, PromptsError> {
        const FILE: &str = "categories.toml";
        let categories: Self = toml(FILE, text)?;
        if !categories.category.iter().any(|c| c.name == rules::OTHER) {
            return Err(PromptsError::new(FILE, "there is no category `other`"));
        }
        for category in &categories.category {
            categories.check_department(FILE, Some(&category.department))?;
        }
        for wish in &categories.wish {
            categories.check_department(FILE, Some(&wish.department))?;
        }
        Ok(categories)
    }

    fn check_category(&self, file: &str, name: Option<&String>) -> Result<(), PromptsError> {
        match name.filter(|name| !self.category.iter().any(|c| c.name == **name)) {
            None => Ok(()),
            Some(name) => Err(PromptsError::new(file, format!("there is no category `{name}`"))),
        }
    }

    fn check_department(&self, file: &str, name: Option<&String>) -> Result<(), PromptsError> {
        match name.filter(|name| !self.departments.contains(name)) {
            None => Ok(()),
            Some(name) => Err(PromptsError::new(file, format!("there is no department `{name}`"))),
        }
    }
}

/// `escalation.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Escalation {
    pub(super) rule: Vec<RuleFile>,
    #[serde(default)]
    pub(super) tried: Vec<Named>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    id: String,
    reason: Wording,
    #[serde(default)]
    priority: Priority,
    category: Option<String>,
    department: Option<String>,
    after: Option<After>,
    #[serde(default)]
    first_aid: bool,
    #[serde(default)]
    unsure: bool,
    #[serde(default)]
    pub(super) phrases: Phrases,
    #[serde(default)]
    pub(super) except: Phrases,
}

impl RuleFile {
    pub(super) fn into_rule(self) -> Rule {
        Rule {
            id: self.id,
            reason: self.reason,
            priority: self.priority,
            category: self.category,
            department: self.department,
            after: self.after,
            first_aid: self.first_aid,
            unsure: self.unsure,
        }
    }
}

impl Escalation {
    pub(super) fn parse(text: &str, categories: &Categories) -> Result<Self, PromptsError> {
        const FILE: &str = "escalation.toml";
        let escalation: Self = toml(FILE, text)?;
        for rule in &escalation.rule {
            categories.check_category(FILE, rule.category.as_ref())?;
            categories.check_department(FILE, rule.department.as_ref())?;
        }
        for id in [rules::REPEATED, rules::UNCLEAR, rules::LIKELY] {
            if !escalation.rule.iter().any(|rule| rule.id == id) {
                return Err(PromptsError::new(FILE, format!("there is no rule `{id}`")));
            }
        }
        Ok(escalation)
    }
}

/// `signs.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signs {
    pub(super) sign: Vec<Named>,
}

impl Signs {
    pub(super) fn parse(text: &str) -> Result<Self, PromptsError> {
        toml("signs.toml", text)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    id: String,
    language: Language,
    category: String,
    title: String,
    questions: Vec<String>,
}

/// An article: TOML between `+++` lines, and the answer after them.
pub(super) fn article(
    file: &str,
    text: &str,
    categories: &Categories,
) -> Result<Article, PromptsError> {
    let (front, body) = split_front(file, text)?;
    let front: FrontMatter = toml(file, front)?;
    categories.check_category(file, Some(&front.category))?;
    let body = body.trim();
    if body.is_empty() {
        return Err(PromptsError::new(file, "the answer is empty"));
    }
    Ok(Article {
        id: front.id,
        language: front.language,
        category: front.category,
        title: front.title,
        questions: front.questions,
        body: body.to_owned(),
    })
}

/// The TOML between two `+++` lines, and what follows it.
pub(super) fn split_front<'a>(
    file: &str,
    text: &'a str,
) -> Result<(&'a str, &'a str), PromptsError> {
    let parts = text.trim_start().strip_prefix("+++").and_then(|rest| rest.split_once("\n+++"));
    parts.ok_or_else(|| {
        PromptsError::new(file, "it does not begin with TOML between two `+++` lines")
    })
}

pub(super) fn toml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, PromptsError> {
    toml::from_str(text).map_err(|e| PromptsError::new(file, e.to_string().trim_end()))
}
