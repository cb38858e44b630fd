//! The OpenAPI document, made from the handlers, and the page that shows it.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use centrium_channels::{
    ChannelKind, Error, Inbox, Incoming, KeyId, Kind, Problem, Receipt, Reply, Result,
};
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::Config;

use crate::engine::Engine;

/// Everything comes from here; the page's own pictures are `data:` URLs.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                   img-src 'self' data:; connect-src 'self'; base-uri 'self'; frame-ancestors 'none'";

#[derive(OpenApi)]
#[openapi(info(
    title = "Centrium",
    description = "Messages of customers become tickets. Every path works with and without its \
                   trailing slash; every error is JSON with one clear sentence."
))]
struct Head;

/// What the document begins with.
pub(super) fn head() -> utoipa::openapi::OpenApi {
    let mut document = Head::openapi();
    let components = document.components.get_or_insert_default();
    for (name, scheme) in [
        ("api_token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer))),
        ("external_bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer))),
        ("external_key", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key")))),
    ] {
        components.add_security_scheme(name, scheme);
    }
    document
}

/// The document of all routes: the engine's, and those of every channel there is, whether or not
/// it is switched on here.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let router = OpenApiRouter::with_openapi(head())
        .merge(super::public())
        .merge(super::private())
        .merge(super::uncounted())
        .merge(centrium_channels::documented(Arc::new(Nobody)).with_state(()));
    let mut document = router.into_openapi();
    // The user's documents write these paths with their slash.
    document.paths.paths = std::mem::take(&mut document.paths.paths)
        .into_iter()
        .map(|(path, item)| {
            let slash = path.starts_with("/tickets/api/") && !path.ends_with('/');
            (if slash { format!("{path}/") } else { path }, item)
        })
        .collect();
    document
}

/// The document, ready to be sent.
#[derive(Clone)]
pub(super) struct Document(Bytes);

impl Document {
    pub(super) fn new(document: &utoipa::openapi::OpenApi) -> Self {
        // A document that was made from types can always be written.
        Self(document.to_json().unwrap_or_default().into())
    }
}

/// `/api/openapi.json` and `/api/docs`.
pub(super) fn routes() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .route("/api/openapi.json", get(show_document))
        .route("/api/docs", get(show_page))
        .route("/api/docs/{file}", get(show_file))
}

async fn show_document(Extension(document): Extension<Document>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document.0)
}

async fn show_page() -> Result<Response, Problem> {
    serve("")
}

async fn show_file(Path(file): Path<String>) -> Result<Response, Problem> {
    serve(&file)
}

fn serve(file: &str) -> Result<Response, Problem> {
    static CONFIG: OnceLock<Arc<Config<'static>>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        Arc::new(Config::from("/api/openapi.json").validator_url("none").try_it_out_enabled(true))
    });
    let missing = || Problem::not_found("There is nothing at this address.");
    let found =
        utoipa_swagger_ui::serve(file, config.clone()).ok().flatten().ok_or_else(missing)?;
    let mut bytes = found.bytes.into_owned();
    if file.is_empty() {
        // The page's files are beside it, also when its own address has no slash at the end.
        let page = String::from_utf8_lossy(&bytes);
        bytes = page.replacen("<head>", "<head><base href=\"/api/docs/\">", 1).into_bytes();
    }
    let headers = [(CONTENT_TYPE, found.content_type.as_str()), (CONTENT_SECURITY_POLICY, CSP)];
    Ok((headers, bytes).into_response())
}

/// Takes nothing in: a document needs the routes alone.
struct Nobody;

fn nobody<T>() -> Result<T> {
    Err(Error::new(Kind::Unavailable, "No engine is running."))
}

#[async_trait]
impl Inbox for Nobody {
    async fn accept(&self, _: Incoming) -> Result<Receipt> {
        nobody()
    }

    async fn reply_to(&self, _: &Receipt, _: Duration) -> Result<Option<Reply>> {
        nobody()
    }

    async fn read_ticket(&self, _: ChannelKind, _: i64) -> Result<Option<serde_json::Value>> {
        nobody()
    }

    async fn is_first(&self, _: ChannelKind, _: &str) -> Result<bool> {
        nobody()
    }

    async fn quarantine(&self, _: ChannelKind, _: &str, _: Bytes) -> Result<()> {
        nobody()
    }

    async fn authorize(&self, _: Option<&str>, _: Option<IpAddr>) -> Result<KeyId> {
        nobody()
    }
}
