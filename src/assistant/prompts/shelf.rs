//! Phrases and articles of all files, on their way into what a message is compared with.

use std::collections::HashMap;

use toml::Spanned;

use super::error::Text;
use super::files::Files;
use super::formats::{self, Categories, Escalation, Phrases, Signs};
use super::{Cue, PromptsError};
use crate::assistant::article::Article;
use crate::assistant::language::Language;
use crate::assistant::phrases::Book;
use crate::assistant::spelling::Spelling;
use crate::assistant::words;

/// The phrases of all files, on their way into one book.
pub(super) struct Shelf<'a, 'f> {
    pub(super) text: Text<'a>,
    pub(super) book: Book<Cue>,
    pub(super) spelling: Spelling,
    pub(super) faults: &'f mut Vec<PromptsError>,
}

impl<'a, 'f> Shelf<'a, 'f> {
    pub(super) fn new(text: Text<'a>, faults: &'f mut Vec<PromptsError>) -> Self {
        Self { text, book: Book::default(), spelling: Spelling::default(), faults }
    }

    pub(super) fn add_categories(&mut self, categories: &Categories) {
        for (at, category) in categories.category.iter().enumerate() {
            self.add(Cue::Problem(at), &category.problems);
            self.add(Cue::Topic(at), &category.topics);
        }
        for wish in &categories.wish {
            let department = wish.department.get_ref();
            let at = categories.departments.iter().position(|d| d == department);
            self.add(Cue::Department(at.unwrap_or_default()), &wish.phrases);
        }
        for (at, talk) in categories.talk.iter().enumerate() {
            self.add(Cue::Talk(at), &talk.phrases);
        }
    }

    pub(super) fn add_rules(&mut self, escalation: &Escalation) {
        for (at, rule) in escalation.rule.iter().enumerate() {
            self.add(Cue::Rule(at), &rule.phrases);
            self.add(Cue::Exception(at), &rule.except);
        }
        for (at, step) in escalation.tried.iter().enumerate() {
            self.add(Cue::Tried(at), &step.phrases);
        }
    }

    /// Their words are many and common: nothing is corrected to one of them.
    pub(super) fn add_signs(&mut self, signs: &Signs) {
        for (at, sign) in signs.sign.iter().enumerate() {
            for (language, phrase) in sign.phrases.each() {
                self.add_phrase(Cue::Sign(at), phrase, language);
            }
        }
    }

    fn add(&mut self, cue: Cue, phrases: &Phrases) {
        for (language, phrase) in phrases.each() {
            if !self.add_phrase(cue, phrase, language) {
                continue;
            }
            let words = phrase.get_ref().split([' ', '|']);
            for word in words.filter(|word| !word.ends_with('*')) {
                learn(&mut self.spelling, word);
            }
        }
    }

    fn add_phrase(&mut self, cue: Cue, phrase: &Spanned<String>, language: Language) -> bool {
        let added = self.book.add(cue, phrase.get_ref(), language);
        let fault = added.map_err(|e| self.text.fault(Some(phrase.span().start), e)).err();
        let is_added = fault.is_none();
        self.faults.extend(fault);
        is_added
    }
}

/// Words that may be meant where they are mistyped.
pub(super) fn learn(spelling: &mut Spelling, text: &str) {
    for (word, _) in words::split(text) {
        spelling.learn(&word);
    }
}

/// The articles of the files and these, which come in place of a file's of the same id and language.
pub(super) fn gather_articles(
    files: &Files,
    others: &[Article],
    categories: &Categories,
    faults: &mut Vec<PromptsError>,
) -> Vec<Article> {
    let others: Vec<_> = others.iter().filter(|other| is_usable(other, categories)).collect();
    let mut articles = read_articles(files, categories, faults);
    articles.retain(|article| !others.iter().any(|other| other.key() == article.key()));
    articles.extend(others.into_iter().cloned());
    articles
}

fn read_articles(
    files: &Files,
    categories: &Categories,
    faults: &mut Vec<PromptsError>,
) -> Vec<Article> {
    let mut articles: Vec<Article> = Vec::new();
    let mut known = HashMap::new();
    for (file, text) in files.range("knowledge/".to_owned()..) {
        if !file.starts_with("knowledge/") || !file.ends_with(".md") || text.trim().is_empty() {
            continue;
        }
        let text = Text::new(file, text);
        let Some(article) = formats::article(file, text, categories, faults) else { continue };
        let key = (article.id.clone(), article.language);
        if let Some(first) = known.insert(key, file) {
            let (id, language) = article.key();
            let sentence = format!("{first} has the article `{id}` in `{language}` already");
            faults.push(text.fault(None, sentence));
        }
        articles.push(article);
    }
    articles
}

/// An article that was written for other categories must not keep an engine from starting.
fn is_usable(article: &Article, categories: &Categories) -> bool {
    let faults = article.faults(|category| categories.has(category));
    if let Some((field, sentence)) = faults.first() {
        let (id, language) = (&article.id, article.language.as_str());
        tracing::warn!(
            article.id = id,
            article.language = language,
            field,
            sentence,
            "knowledge.unusable"
        );
    }
    faults.is_empty()
}
