//! New articles and new files come into force while the engine runs.

use crate::assistant::article::Source;
use crate::assistant::{Article, Live};
use crate::engine::Engine;
use crate::store::articles::ArticleRow;
use crate::store::{self, Store, articles, settings};
use crate::telemetry::metrics as names;

/// The setting that is another text after each change of the articles, whichever engine made it.
pub(super) const VERSION: &str = "articles_version";

/// Brings the articles of the database into force where they changed since the last look.
///
/// # Errors
/// When the store can't be read.
pub async fn follow(live: &Live, store: &Store) -> store::Result<()> {
    let version = settings::get(&*store.read().await?, VERSION).await?;
    if version.as_deref() == live.now().articles_version() {
        return Ok(());
    }
    let _alone = live.alone().await;
    let conn = store.read().await?;
    // First, so that articles which change in between are read once more at the next look.
    let version = settings::get(&conn, VERSION).await?;
    let all: Vec<Article> = articles::all(&conn).await?.into_iter().filter_map(from_row).collect();
    drop(conn);
    let (now, count) = (live.now(), all.len());
    let made = tokio::task::spawn_blocking(move || now.with_articles(all, version)).await;
    match made {
        Ok(Ok(instructions)) => {
            live.replace(instructions);
            tracing::info!(articles = count, "knowledge.changed");
        }
        Ok(Err(error)) => tracing::error!(%error, "knowledge.not_changed"),
        Err(error) => tracing::error!(%error, "knowledge.not_changed"),
    }
    Ok(())
}

/// Reads the files of the prompts again. A fault leaves those in force as they are.
pub async fn reload(engine: &Engine) {
    let _alone = engine.live.alone().await;
    let (now, dir) = (engine.live.now(), engine.config.prompts_dir.clone());
    let read = tokio::task::spawn_blocking(move || now.with_files_of(dir.as_deref())).await;
    let is_refused = match read {
        Ok(Ok(instructions)) => {
            engine.live.replace(instructions);
            tracing::info!("prompts.reloaded");
            false
        }
        Ok(Err(fault)) => {
            let (file, line, sentence) = (&fault.file, fault.line, &fault.sentence);
            tracing::error!(prompts.file = file, prompts.line = line, sentence, "prompts.refused");
            true
        }
        Err(error) => {
            tracing::error!(%error, "prompts.refused");
            true
        }
    };
    metrics::gauge!(names::PROMPTS_REFUSED).set(f64::from(u8::from(is_refused)));
}

/// The article of a row; `None` of one in a language that this version does not know.
pub(super) fn from_row(row: ArticleRow) -> Option<Article> {
    Some(Article {
        language: row.language.parse().ok()?,
        id: row.id,
        category: row.category,
        title: row.title,
        questions: serde_json::from_value(row.questions).ok()?,
        body: row.body,
        links: serde_json::from_value(row.links).ok()?,
        source: Source::Api,
    })
}
