//! Articles come, change and go over the API, each in one transaction; then they are in force here,
//! and a moment later in every other engine on this database.

use serde_json::Value;

use super::error::{Error, Result};
use super::follow::{VERSION, follow};
use super::list::{Known, known, of_file};
use crate::assistant::article::Source;
use crate::assistant::{Article, Language};
use crate::engine::Engine;
use crate::store::articles::{self, ArticleRow};
use crate::store::{Tx, settings};

/// Articles of the API at most: all of them are in the memory of every engine.
const MOST: i64 = 2_000;

/// A new article, as it was given.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The matter.
    pub id: String,
    /// The language it is written in.
    pub language: String,
    /// All the rest.
    pub rest: Change,
}

/// What shall be different. What is not given stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// One of the categories in `prompts/`.
    pub category: Option<String>,
    /// What it is about.
    pub title: Option<String>,
    /// How customers ask for it.
    pub questions: Option<Vec<String>>,
    /// The answer.
    pub body: Option<String>,
    /// Hosts that a reply made of it may link to.
    pub links: Option<Vec<String>>,
}

impl Change {
    fn apply(self, article: Article) -> Article {
        Article {
            category: self.category.unwrap_or(article.category),
            title: self.title.unwrap_or(article.title),
            questions: self.questions.unwrap_or(article.questions),
            body: self.body.unwrap_or(article.body),
            links: self.links.unwrap_or(article.links),
            ..article
        }
    }
}

/// Adds an article. It takes the place of a file's of the same id and language, until it is deleted.
///
/// # Errors
/// `Invalid`, `Conflict` when the API has one of this id and language, `Store`.
pub async fn create(engine: &Engine, draft: Draft) -> Result<Known> {
    let blank = Article {
        language: language(&draft.language)?,
        id: draft.id,
        category: String::new(),
        title: String::new(),
        questions: Vec::new(),
        body: String::new(),
        links: Vec::new(),
        source: Source::Api,
    };
    let article = draft.rest.apply(blank);
    check(engine, &article)?;
    let tx = engine.store.begin().await?;
    let (id, language) = article.key();
    if articles::get_locked(&tx, id, language.as_str()).await?.is_some() {
        let sentence = format!("There is an article {id} in {language} already.");
        return Err(Error::Conflict(sentence));
    }
    if articles::count(&tx).await? >= MOST {
        return Err(Error::Invalid(format!("There are {MOST} articles; no more fit.")));
    }
    let row = row(article, 1, engine);
    articles::insert(&tx, &row).await?;
    finish(engine, tx).await?;
    known(row).ok_or(Error::NotFound)
}

/// Changes an article of the API.
///
/// # Errors
/// `NotFound`, `Conflict` where it is a file's, `Invalid`, `Store`.
pub async fn change(
    engine: &Engine,
    id: &str,
    language: Language,
    change: Change,
) -> Result<Known> {
    let tx = engine.store.begin().await?;
    let stored = articles::get_locked(&tx, id, language.as_str()).await?;
    let Some(Known { article, state: Some((version, _)) }) = stored.and_then(known) else {
        return Err(not_ours(engine, id, language));
    };
    let article = change.apply(article);
    check(engine, &article)?;
    let row = row(article, version + 1, engine);
    articles::update(&tx, &row).await?;
    finish(engine, tx).await?;
    known(row).ok_or(Error::NotFound)
}

/// Deletes an article of the API; a file's of the same id and language is then back.
///
/// # Errors
/// `NotFound`, `Conflict` where it is a file's, `Store`.
pub async fn delete(engine: &Engine, id: &str, language: Language) -> Result<()> {
    let tx = engine.store.begin().await?;
    if articles::get_locked(&tx, id, language.as_str()).await?.is_none() {
        return Err(not_ours(engine, id, language));
    }
    articles::delete(&tx, id, language.as_str()).await?;
    finish(engine, tx).await
}

/// Tells every engine with the change itself, and follows it here at once.
async fn finish(engine: &Engine, tx: Tx) -> Result<()> {
    let version = format!("{:016x}", rand::random::<u64>());
    settings::set(&tx, VERSION, &version, engine.clock.now()).await?;
    tx.commit().await?;
    if let Err(error) = follow(&engine.live, &engine.store).await {
        // It is stored, and the next look will find it.
        tracing::warn!(%error, "knowledge.not_followed");
    }
    Ok(())
}

fn not_ours(engine: &Engine, id: &str, language: Language) -> Error {
    match of_file(engine, id, language).map(|known| known.article.source) {
        Some(Source::File(file)) => Error::Conflict(format!(
            "This article is the file {file}, which can't be changed here. Post an article of the \
             same id and language, and it takes its place."
        )),
        _ => Error::NotFound,
    }
}

fn check(engine: &Engine, article: &Article) -> Result<()> {
    let prompts = engine.live.now().prompts.clone();
    let faults = article.faults(|category| prompts.categories().any(|known| known == category));
    match faults.first() {
        Some((field, sentence)) => Err(Error::Invalid(format!("{field}: {sentence}."))),
        None => Ok(()),
    }
}

fn language(text: &str) -> Result<Language> {
    text.parse().map_err(|rule| Error::Invalid(format!("language: {rule}.")))
}

fn row(article: Article, version: i64, engine: &Engine) -> ArticleRow {
    ArticleRow {
        id: article.id,
        language: article.language.as_str().to_owned(),
        category: article.category,
        title: article.title,
        questions: Value::from(article.questions),
        body: article.body.trim().to_owned(),
        links: Value::from(article.links),
        version,
        updated_at: engine.clock.now(),
    }
}
