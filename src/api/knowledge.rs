//! What the company knows: articles of files, and articles that come over the API.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use centrium_channels::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body;
use super::page;
use super::query::Query;
use super::refusal::{ErrorOut, Refused};
use crate::assistant::Language;
use crate::assistant::article::{Source, is_id};
use crate::clock::rfc3339;
use crate::engine::Engine;
use crate::ingest::clean_text;
use crate::knowledge::{self, Change, Draft, Known};

/// An article, in one language.
#[derive(Serialize, ToSchema)]
pub(super) struct ArticleOut {
    /// The matter; with the language, its name.
    #[schema(example = "how-to-pay")]
    id: String,
    /// The language it is written in.
    language: Language,
    /// One of the configured categories.
    category: String,
    /// What it is about.
    title: String,
    /// How customers ask for it.
    questions: Vec<String>,
    /// The answer.
    body: String,
    /// Hosts that a reply made of it may link to.
    links: Vec<String>,
    /// `file` or `api`; only the latter can be changed here.
    #[schema(example = "api")]
    source: &'static str,
    /// The file's name in the prompts folder, where it is one.
    file: Option<String>,
    /// Grows with each change; null of a file's.
    version: Option<i64>,
    /// When it was last changed; null of a file's.
    updated_at: Option<String>,
}

/// A page of articles.
#[derive(Serialize, ToSchema)]
pub(super) struct ArticlePage {
    /// By id; of each the languages in the order ru, kk, en.
    items: Vec<ArticleOut>,
    /// Give it as `after` for the next page; null on the last one.
    next: Option<String>,
}

/// A new article.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ArticleIn {
    /// 1 to 80 of a-z, 0-9 and hyphens.
    id: String,
    /// `ru`, `kk` or `en`.
    #[schema(value_type = Language)]
    language: String,
    /// One of the configured categories.
    category: String,
    /// Up to 200 characters.
    title: String,
    /// How customers ask for it: 1 to 50, of up to 300 characters each.
    questions: Vec<String>,
    /// The answer, up to 20,000 characters.
    body: String,
    /// Up to 20 hosts, such as `pay.example.com`, that a reply made of it may link to.
    #[serde(default)]
    links: Option<Vec<String>>,
}

/// What shall be different. What is not given stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct ArticlePatch {
    /// One of the configured categories.
    #[serde(default)]
    category: Option<String>,
    /// Up to 200 characters.
    #[serde(default)]
    title: Option<String>,
    /// How customers ask for it: 1 to 50, of up to 300 characters each.
    #[serde(default)]
    questions: Option<Vec<String>>,
    /// The answer, up to 20,000 characters.
    #[serde(default)]
    body: Option<String>,
    /// Up to 20 hosts that a reply made of it may link to.
    #[serde(default)]
    links: Option<Vec<String>>,
}

impl ArticleOut {
    fn new(known: Known) -> Self {
        let (article, state) = (known.article, known.state);
        let (source, file) = match article.source {
            Source::File(file) => ("file", Some(file)),
            Source::Api => ("api", None),
        };
        Self {
            id: article.id,
            language: article.language,
            category: article.category,
            title: article.title,
            questions: article.questions,
            body: article.body,
            links: article.links,
            source,
            file,
            version: state.map(|(version, _)| version),
            updated_at: state.map(|(_, at)| rfc3339(at)),
        }
    }
}

impl ArticleIn {
    fn read(self) -> Draft {
        let rest = ArticlePatch {
            category: Some(self.category),
            title: Some(self.title),
            questions: Some(self.questions),
            body: Some(self.body),
            links: self.links,
        };
        Draft { id: clean_text(self.id), language: clean_text(self.language), rest: rest.read() }
    }
}

impl ArticlePatch {
    fn read(self) -> Change {
        let clean_all = |all: Vec<String>| all.into_iter().map(clean_text).collect();
        Change {
            category: self.category.map(clean_text),
            title: self.title.map(clean_text),
            questions: self.questions.map(clean_all),
            body: self.body.map(clean_text),
            links: self.links.map(clean_all),
        }
    }
}

/// List articles
///
/// Those of the prompts' files and those that came over this API. One of the API takes the place of
/// a file's of the same id and language.
#[utoipa::path(
    get,
    path = "/api/knowledge",
    tag = "Knowledge",
    security(("api_token" = [])),
    params(
        ("language" = Option<Language>, Query, description = "Only in this language"),
        ("category" = Option<String>, Query, description = "Only of this category"),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 200,
            description = "1 to 200; 50 when it is not given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of articles", body = ArticlePage),
        (status = 400, description = "An unknown value of a filter, a wrong limit or cursor",
            body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn list_articles(
    State(engine): State<Engine>,
    query: Query,
) -> Result<Json<ArticlePage>, Problem> {
    let limit = page::limit(query.get("limit"))?;
    let begin = query.get("after").map(page::decode).transpose()?.map_or(0, |(begin, _)| begin);
    let language: Option<Language> = query.one_of("language")?;
    let category = query.word_of("category", engine.live.now().prompts.categories())?;

    let mut all = knowledge::list(&engine).await?;
    all.retain(|known| language.is_none_or(|language| known.article.language == language));
    all.retain(|known| category.as_ref().is_none_or(|name| known.article.category == *name));
    let skipped = usize::try_from(begin).unwrap_or(usize::MAX).min(all.len());
    let mut rest = all.split_off(skipped);
    let next = page::cut(&mut rest, limit, |_| (begin.saturating_add(limit), 0));
    Ok(Json(ArticlePage { items: rest.into_iter().map(ArticleOut::new).collect(), next }))
}

/// Show an article
#[utoipa::path(
    get,
    path = "/api/knowledge/{id}/{language}",
    tag = "Knowledge",
    security(("api_token" = [])),
    params(
        ("id" = String, Path, description = "The matter"),
        ("language" = Language, Path, description = "The language it is written in"),
    ),
    responses(
        (status = 200, description = "The article", body = ArticleOut),
        (status = 404, description = "There is no such article", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn show_article(
    State(engine): State<Engine>,
    Path((id, language)): Path<(String, String)>,
) -> Result<Json<ArticleOut>, Problem> {
    let (id, language) = name(&id, &language)?;
    Ok(Json(ArticleOut::new(knowledge::get(&engine, id, language).await?)))
}

/// Add an article
///
/// The next answer knows it. Other engines on the same database know it a few seconds later.
#[utoipa::path(
    post,
    path = "/api/knowledge",
    tag = "Knowledge",
    security(("api_token" = [])),
    request_body(content = ArticleIn, example = json!({
        "id": "refund", "language": "en", "category": "billing", "title": "How refunds work",
        "questions": ["when do I get my refund"], "body": "A refund takes up to five days.",
        "links": ["pay.example.com"]
    })),
    responses(
        (status = 201, description = "The article", body = ArticleOut),
        (status = 400, description = "The body is not of this shape", body = ErrorOut),
        (status = 409, description = "There is one of this id and language", body = ErrorOut),
        (status = 413, description = "The body is larger than 1 MiB", body = ErrorOut),
        (status = 422, description = "A value is none that this field may have", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn create_article(
    State(engine): State<Engine>,
    body::Json(article): body::Json<ArticleIn>,
) -> Result<(StatusCode, Json<ArticleOut>), Problem> {
    let known = knowledge::create(&engine, article.read()).await?;
    Ok((StatusCode::CREATED, Json(ArticleOut::new(known))))
}

/// Change an article
///
/// One that is a file's can't be changed here: post one of the same id and language in its place.
#[utoipa::path(
    patch,
    path = "/api/knowledge/{id}/{language}",
    tag = "Knowledge",
    security(("api_token" = [])),
    params(
        ("id" = String, Path, description = "The matter"),
        ("language" = Language, Path, description = "The language it is written in"),
    ),
    request_body(content = ArticlePatch, example = json!({ "title": "Refunds" })),
    responses(
        (status = 200, description = "The article as it is now", body = ArticleOut),
        (status = 400, description = "The body is not of this shape", body = ErrorOut),
        (status = 404, description = "There is no such article", body = ErrorOut),
        (status = 409, description = "It is a file's", body = ErrorOut),
        (status = 413, description = "The body is larger than 1 MiB", body = ErrorOut),
        (status = 422, description = "A value is none that this field may have", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn change_article(
    State(engine): State<Engine>,
    Path((id, language)): Path<(String, String)>,
    body::Json(patch): body::Json<ArticlePatch>,
) -> Result<Json<ArticleOut>, Problem> {
    let (id, language) = name(&id, &language)?;
    let known = knowledge::change(&engine, id, language, patch.read()).await?;
    Ok(Json(ArticleOut::new(known)))
}

/// Delete an article
///
/// Where it had taken the place of a file's, that one is back.
#[utoipa::path(
    delete,
    path = "/api/knowledge/{id}/{language}",
    tag = "Knowledge",
    security(("api_token" = [])),
    params(
        ("id" = String, Path, description = "The matter"),
        ("language" = Language, Path, description = "The language it is written in"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such article", body = ErrorOut),
        (status = 409, description = "It is a file's", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn delete_article(
    State(engine): State<Engine>,
    Path((id, language)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (id, language) = name(&id, &language)?;
    knowledge::delete(&engine, id, language).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An article's name in a path; there is none of a name that none may have.
fn name<'a>(id: &'a str, language: &str) -> Result<(&'a str, Language), Problem> {
    let language = language.parse().ok().filter(|_| is_id(id));
    language.map(|language| (id, language)).ok_or_else(|| knowledge::Error::NotFound.into())
}
