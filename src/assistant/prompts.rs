//! What the assistant knows and follows: categories, escalation rules, articles, texts, and what a
//! model is told.
//!
//! The files under `prompts/` are in the binary; a file of the same relative name in the folder
//! `PROMPTS_DIR` replaces one, and further articles may be added there.

mod files;
mod formats;
pub(super) mod instructions;

use std::path::Path;
use std::sync::Arc;

use self::formats::{Categories, Escalation, Phrases, Signs};
use self::instructions::{Instructions, REPLY, TRIAGE};
use super::classifier::{self, Classifier};
use super::knowledge::{Article, Knowledge};
use super::language::Language;
use super::phrases::{Book, Found};
use super::rules::Rule;
use super::spelling::Spelling;
use super::words::{self, Word};

/// A file of the prompts can't be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{file}: {sentence}")]
pub struct PromptsError {
    /// The file's name, relative to the prompts folder.
    pub file: String,
    /// What is wrong with it.
    pub sentence: String,
}

impl PromptsError {
    pub(super) fn new(file: &str, sentence: impl ToString) -> Self {
        Self { file: file.to_owned(), sentence: sentence.to_string() }
    }
}

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
    pub(super) instructions: Instructions,
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
        let files = files::read_all(dir)?;
        let categories = Categories::parse(files::one(&files, "categories.toml")?)?;
        let escalation = Escalation::parse(files::one(&files, "escalation.toml")?, &categories)?;
        let signs = Signs::parse(files::one(&files, "signs.toml")?)?;
        let classifier = Classifier::parse(files::one(&files, classifier::FILE)?)?;

        let mut articles = Vec::new();
        for (file, text) in files.range("knowledge/".to_owned()..) {
            if file.starts_with("knowledge/") && file.ends_with(".md") && !text.trim().is_empty() {
                articles.push(formats::article(file, text, &categories)?);
            }
        }
        let mut texts = Vec::new();
        for language in Language::ALL {
            let file = format!("texts/{language}.ftl");
            texts.push((language, file.clone(), files::one(&files, &file)?.to_owned()));
        }
        let (reply, triage) = (files::one(&files, REPLY)?, files::one(&files, TRIAGE)?);
        let instructions = Instructions::parse(reply, triage)?;
        let prompts = Self::index(categories, escalation, signs, articles, texts)?;
        Ok(Self { instructions, classifier: Arc::new(classifier), ..prompts })
    }

    fn index(
        categories: Categories,
        escalation: Escalation,
        signs: Signs,
        articles: Vec<Article>,
        texts: Vec<(Language, String, String)>,
    ) -> Result<Self, PromptsError> {
        let mut shelf = Shelf::new("categories.toml");
        for (at, category) in categories.category.iter().enumerate() {
            shelf.add(Cue::Problem(at), &category.problems)?;
            shelf.add(Cue::Topic(at), &category.topics)?;
        }
        for wish in &categories.wish {
            let at = categories.departments.iter().position(|d| *d == wish.department);
            shelf.add(Cue::Department(at.unwrap_or_default()), &wish.phrases)?;
        }
        for (at, talk) in categories.talk.iter().enumerate() {
            shelf.add(Cue::Talk(at), &talk.phrases)?;
        }
        shelf.file = "escalation.toml";
        for (at, rule) in escalation.rule.iter().enumerate() {
            shelf.add(Cue::Rule(at), &rule.phrases)?;
            shelf.add(Cue::Exception(at), &rule.except)?;
        }
        for (at, step) in escalation.tried.iter().enumerate() {
            shelf.add(Cue::Tried(at), &step.phrases)?;
        }
        let Shelf { mut book, mut spelling, .. } = shelf;
        for (at, sign) in signs.sign.iter().enumerate() {
            for (language, phrase) in sign.phrases.each() {
                let wrong = |e| PromptsError::new("signs.toml", e);
                book.add(Cue::Sign(at), phrase, language).map_err(wrong)?;
            }
        }
        for article in &articles {
            for text in std::iter::once(&article.title).chain(&article.questions) {
                learn(&mut spelling, text);
            }
        }
        Ok(Self {
            departments: categories.departments,
            talks: categories.talk.into_iter().map(|talk| talk.id).collect(),
            categories: (categories.category.into_iter())
                .map(|c| Category { name: c.name, department: c.department })
                .collect(),
            tried: escalation.tried.into_iter().map(|step| step.id).collect(),
            signs: signs.sign.into_iter().map(|sign| sign.id).collect(),
            classifier: Arc::default(),
            rules: escalation.rule.into_iter().map(formats::RuleFile::into_rule).collect(),
            knowledge: Knowledge::new(articles),
            texts,
            instructions: Instructions::default(),
            book,
            spelling,
        })
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
    pub(super) fn read(&self, text: &str, language: Option<Language>) -> Vec<Word> {
        let mut words = words::read(text, language);
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

/// The phrases of all files, on their way into one book.
struct Shelf {
    file: &'static str,
    book: Book<Cue>,
    spelling: Spelling,
}

impl Shelf {
    fn new(file: &'static str) -> Self {
        Self { file, book: Book::default(), spelling: Spelling::default() }
    }

    fn add(&mut self, cue: Cue, phrases: &Phrases) -> Result<(), PromptsError> {
        for (language, phrase) in phrases.each() {
            self.book.add(cue, phrase, language).map_err(|e| PromptsError::new(self.file, e))?;
            for word in phrase.split([' ', '|']).filter(|word| !word.ends_with('*')) {
                learn(&mut self.spelling, word);
            }
        }
        Ok(())
    }
}

fn learn(spelling: &mut Spelling, text: &str) {
    for (word, _) in words::split(text) {
        spelling.learn(&word);
    }
}

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
