//! Reading articles.

use super::error::{Error, Result};
use super::follow::from_row;
use crate::assistant::article::Source;
use crate::assistant::{Article, Language};
use crate::clock::Millis;
use crate::engine::Engine;
use crate::store::articles;
use crate::store::articles::ArticleRow;

/// An article, and its state where it can be changed.
#[derive(Clone, Debug)]
pub struct Known {
    /// The article.
    pub article: Article,
    /// Its version and when it was last changed; none of a file's.
    pub state: Option<(i64, Millis)>,
}

/// All articles, by id and language. One that came over the API hides a file's of the same id and
/// language.
///
/// # Errors
/// `Store`.
pub async fn list(engine: &Engine) -> Result<Vec<Known>> {
    let rows = articles::all(&*engine.store.read().await?).await?;
    let mut all: Vec<Known> = rows.into_iter().filter_map(known).collect();
    let instructions = engine.live.now();
    let is_hidden = |of: &Article| all.iter().any(|known: &Known| known.article.key() == of.key());
    let files: Vec<Known> = instructions
        .prompts
        .articles()
        .filter(|article| matches!(article.source, Source::File(_)) && !is_hidden(article))
        .map(|article| Known { article: article.clone(), state: None })
        .collect();
    all.extend(files);
    all.sort_by(|a, b| a.article.key().cmp(&b.article.key()));
    Ok(all)
}

/// One article.
///
/// # Errors
/// `NotFound`, `Store`.
pub async fn get(engine: &Engine, id: &str, language: Language) -> Result<Known> {
    let conn = engine.store.read().await?;
    let row = articles::get(&conn, id, language.as_str()).await?;
    drop(conn);
    let known = row.and_then(known);
    known.or_else(|| of_file(engine, id, language)).ok_or(Error::NotFound)
}

/// A file's article.
pub(super) fn of_file(engine: &Engine, id: &str, language: Language) -> Option<Known> {
    let instructions = engine.live.now();
    let mut articles = instructions.prompts.articles();
    let article = articles.find(|article| {
        article.key() == (id, language) && matches!(article.source, Source::File(_))
    })?;
    Some(Known { article: article.clone(), state: None })
}

pub(super) fn known(row: ArticleRow) -> Option<Known> {
    let state = Some((row.version, row.updated_at));
    Some(Known { article: from_row(row)?, state })
}
