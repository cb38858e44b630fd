//! What the assistant knows and follows: categories, escalation rules, articles, texts, and what a
//! model is told.
//!
//! The files under `prompts/` are in the binary; a file of the same relative name in the folder
//! `PROMPTS_DIR` replaces one, and further articles may be added there.

pub mod check;
mod document;
mod error;
mod files;
mod formats;
mod shelf;
pub(super) mod template;

use std::path::Path;
use std::sync::Arc;

use self::formats::{Categories, Escalation, Signs};
use self::shelf::Shelf;
use self::template::{REPLY, TRIAGE, Template};
use super::article::Article;
use super::classifier::{self, Classifier};
use super::knowledge::Knowledge;
use super::language::Language;
use super::phrases::{Book, Found};
use super::rules::Rule;
use super::spelling::Spelling;
use super::words::{self, Word, Written};

pub use self::error::PromptsError;
pub(super) use self::error::Text;
pub(super) use self::files::Files;

/// What a phrase in a message points to; the numbers are places in the lists of [`Prompts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    /// A problem or wish of this category.
    Problem(usize),
    /// A word of this category.
    Topic(usize),
    /// A wish that this department handles.
    Department(usize),
    /// A reason to call a human.
    Rule(usize),
    /// An innocent use of that rule's words.
    Exception(usize),
    /// A first-aid step that the customer has done.
    Tried(usize),
    /// Small talk with an answer of its own.
    Talk(usize),
    /// What the classifier weighs.
    Sign(usize),
}

/// A category and the department that handles it.
#[derive(Debug)]
pub(super) struct Category {
    pub(super) name: String,
    pub(super) department: String,
}

/// Everything the assistant was given, checked and indexed. Cheap to share, never changes.
#[derive(Debug)]
pub struct Prompts {
    pub(super) categories: Vec<Category>,
    pub(super) departments: Vec<String>,
    pub(super) rules: Vec<Rule>,
    /// Ids of first-aid steps; the text `tried-ID` names the step.
    pub(super) tried: Vec<String>,
    /// Ids of small talk; the text `talk-ID` is the answer.
    pub(super) talks: Vec<String>,
    /// Ids of what the classifier weighs.
    pub(super) signs: Vec<String>,
    pub(super) classifier: Arc<Classifier>,
    pub(super) knowledge: Knowledge,
    /// Fluent sources by language, in the order of [`Language::ALL`].
    pub(super) texts: Vec<(Language, String, String)>,
    /// What a model is told.
    pub(super) template: Template,
    book: Book<Cue>,
    spelling: Spelling,
}

impl Prompts {
    /// The prompts in the binary.
    ///
    /// # Errors
    /// As [`Prompts::load`]; never in a tested build.
    pub fn embedded() -> Result<Self, PromptsError> {
        Self::load(None)
    }

    /// The prompts in the binary, with files of `dir` in place of those of the same name.
    ///
    /// # Errors
    /// The name of the file that can't be used, and a sentence that says why.
    pub fn load(dir: Option<&Path>) -> Result<Self, PromptsError> {
        Self::of(&Self::files(dir)?, &[])
    }

    /// The files in the binary, with those of `dir` in their place.
    ///
    /// # Errors
    /// The first that can't be read.
    pub(super) fn files(dir: Option<&Path>) -> Result<Files, PromptsError> {
        let mut faults = Vec::new();
        let files = files::read_all(dir, &mut faults);
        faults.into_iter().next().map_or(Ok(files), Err)
    }

    /// The prompts in these files, and these articles, in place of those of the same id and language
    /// in the files.
    ///
    /// # Errors
    /// As [`Prompts::load`].
    pub(super) fn of(files: &Files, articles: &[Article]) -> Result<Self, PromptsError> {
        let mut faults = Vec::new();
        let prompts = Self::parse(files, articles, &mut faults);
        faults.into_iter().next().map_or(Ok(prompts), Err)
    }

    /// The same as far as it can be understood, and all that is wrong with it.
    fn parse(files: &Files, articles: &[Article], faults: &mut Vec<PromptsError>) -> Self {
        let text = files::one(files, CATEGORIES, faults);
        let mut shelf = Shelf::new(text, faults);
        let categories = Categories::parse(text, shelf.faults);
        shelf.add_categories(&categories);
        let text = files::one(files, ESCALATION, shelf.faults);
        let escalation = Escalation::parse(text, &categories, shelf.faults);
        shelf.text = text;
        shelf.add_rules(&escalation);
        let text = files::one(files, SIGNS, shelf.faults);
        let signs = Signs::parse(text, shelf.faults);
        shelf.text = text;
        shelf.add_signs(&signs);
        let Shelf { book, mut spelling, .. } = shelf;

        let articles = shelf::gather_articles(files, articles, &categories, faults);
        for text in articles.iter().flat_map(|a| std::iter::once(&a.title).chain(&a.questions)) {
            shelf::learn(&mut spelling, text);
        }
        let texts = Language::ALL.map(|language| {
            let file = format!("texts/{language}.ftl");
            let source = files::one(files, &file, faults).part.to_owned();
            (language, file, source)
        });
        let classifier = Classifier::parse(files::one(files, classifier::FILE, faults), faults);
        let reply = files::one(files, REPLY, faults);
        let template = Template::parse(reply, files::one(files, TRIAGE, faults), faults);
        let name = |name: toml::Spanned<String>| name.into_inner();
        let prompts = Self {
            departments: categories.departments,
            talks: categories.talk.into_iter().map(|talk| name(talk.id)).collect(),
            categories: (categories.category.into_iter())
                .map(|c| Category { name: name(c.name), department: name(c.department) })
                .collect(),
            tried: escalation.tried.into_iter().map(|step| name(step.id)).collect(),
            signs: signs.sign.into_iter().map(|sign| name(sign.id)).collect(),
            classifier: Arc::new(classifier),
            rules: escalation.rule.into_iter().map(formats::RuleFile::into_rule).collect(),
            knowledge: Knowledge::new(articles),
            texts: texts.into(),
            template,
            book,
            spelling,
        };
        // What can't be rendered is better found now than at the first message.
        let rendered = prompts.template.render("", &prompts.categories, &prompts.departments);
        faults.extend(rendered.err());
        prompts
    }

    /// Every article, those of files and the others.
    pub fn articles(&self) -> impl Iterator<Item = &Article> {
        self.knowledge.articles()
    }

    /// The names of the categories.
    pub fn categories(&self) -> impl Iterator<Item = &str> {
        self.categories.iter().map(|category| category.name.as_str())
    }

    /// The names of the departments.
    pub fn departments(&self) -> impl Iterator<Item = &str> {
        self.departments.iter().map(String::as_str)
    }

    /// The rule of this id; [`Prompts::load`] checks those that the assistant asks for.
    pub(super) fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// The words of a message, mistyped ones corrected.
    pub(super) fn read(&self, words: Vec<Written>, language: Option<Language>) -> Vec<Word> {
        let mut words = words::read(words, language);
        for word in &mut words {
            if self.book.knows(word) || self.knowledge.knows(word) {
                continue;
            }
            if let Some(meant) = self.spelling.correct(&word.skeleton) {
                *word = Word::new(meant.to_owned(), word.sentence, language);
            }
        }
        words
    }

    /// The phrases that stand in a message.
    pub(super) fn cues(&self, words: &[Word]) -> Vec<Found<Cue>> {
        self.book.find(words)
    }
}

const CATEGORIES: &str = "categories.toml";
const ESCALATION: &str = "escalation.toml";
const SIGNS: &str = "signs.toml";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_prompts_are_sound() {
        let prompts = Prompts::embedded().unwrap();
        let categories: Vec<_> = prompts.categories().collect();
        assert_eq!(categories, ["internet", "tv", "billing", "other"]);
        let departments: Vec<_> = prompts.departments().collect();
        assert_eq!(departments, ["technical", "financial", "sales", "service"]);
    }

    #[test]
    fn every_topic_has_an_article_in_every_language() {
        let prompts = Prompts::embedded().unwrap();
        let ids: std::collections::BTreeSet<_> =
            prompts.knowledge.articles().map(|a| a.id.clone()).collect();
        assert!(ids.len() >= 14, "{}", ids.len());
        for id in ids {
            let languages = prompts.knowledge.articles().filter(|a| a.id == id).count();
            assert_eq!(languages, 3, "{id}");
        }
    }

    #[test]
    fn a_folder_replaces_a_file_and_adds_an_article() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("knowledge")).unwrap();
        let article = "+++\nid = \"pets\"\nlanguage = \"en\"\ncategory = \"other\"\n\
                       title = \"Pets\"\nquestions = [\"my hamster\"]\n+++\nPets are welcome.\n";
        std::fs::write(dir.path().join("knowledge/pets.md"), article).unwrap();
        let prompts = Prompts::load(Some(dir.path())).unwrap();
        assert!(prompts.knowledge.articles().any(|a| a.id == "pets"));
    }

    #[test]
    fn a_broken_file_is_named_with_a_sentence() {
        for (name, text, sentence) in [
            ("categories.toml", "departments = 1", "invalid type"),
            ("escalation.toml", "[[rule]]\nid = \"x\"", "missing field"),
            ("texts/ru.ftl", "", ""),
        ] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join("texts")).unwrap();
            std::fs::write(dir.path().join(name), text).unwrap();
            // Texts are checked where they are used.
            let Err(error) = Prompts::load(Some(dir.path())) else {
                assert_eq!(sentence, "", "{name}");
                continue;
            };
            assert!(error.to_string().starts_with(name), "{error}");
            assert!(error.sentence.contains(sentence), "{error}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let error = Prompts::load(Some(Path::new("/nowhere/at/all"))).unwrap_err();
        assert!(error.sentence.contains("can't be read"), "{error}");
    }
}
