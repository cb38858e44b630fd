//! The small pages: `/`, and what a browser sees when something can't be done.

use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse};

use crate::engine::Engine;

/// Nothing is loaded from anywhere; the style stands in the page.
const CSP: &str =
    "default-src 'none'; style-src 'sha256-STYLE'; base-uri 'none'; frame-ancestors 'none'";

/// What this is, how it does, and where the docs are
#[utoipa::path(
    get,
    path = "/",
    tag = "Status",
    responses(
        (status = 200, description = "A page", body = String, content_type = "text/html"),
        (status = 429, description = "Too many requests from this address"),
    ),
)]
pub(super) async fn show_home(State(engine): State<Engine>) -> impl IntoResponse {
    let pulse = engine.health.pulse(&engine.store, engine.clock.now()).await;
    let state = if pulse.problems.is_empty() {
        String::from("<p class=\"ok\">It works. Messages are taken in and answered.</p>")
    } else {
        let items: String =
            pulse.problems.iter().map(|p| format!("<li>{}</li>", escape(p))).collect();
        format!("<p class=\"bad\">Something needs attention:</p><ul>{items}</ul>")
    };
    let version = env!("CARGO_PKG_VERSION");
    let body = format!(
        "<h1>Centrium</h1>
<p>An omnichannel ticket engine: every message of a customer becomes a ticket, is answered by an
assistant or handed to an operator, and told to whoever should know.</p>
{state}
<ul>
<li><a href=\"/api/docs\">The API, with examples</a> (<a href=\"/api/openapi.json\">OpenAPI</a>)</li>
<li><a href=\"/tickets/api/status/\">Status as JSON</a></li>
</ul>
<p class=\"small\">Version {version}</p>"
    );
    (headers(), Html(page("Centrium", &body)))
}

/// A refusal, for a person with a browser.
pub(super) fn error_page(status: StatusCode, sentence: &str, note: &str) -> impl IntoResponse {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = format!(
        "<h1>{title}</h1><p>{}</p><p class=\"small\">{}</p><p><a href=\"/\">To the start</a></p>",
        escape(sentence),
        escape(note)
    );
    (status, headers(), Html(page(title, &body)))
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color:#1c2430;background:#fff}h1{font-size:1.6rem}a{color:#0b57d0}.ok{color:#0a6b2d}.bad{color:#a3160b}.small{color:#5a6472;font-size:.875rem}@media(prefers-color-scheme:dark){body{background:#14181f;color:#e6e9ee}a{color:#8ab4f8}.ok{color:#7bd99a}.bad{color:#ff9d94}.small{color:#9aa4b2}}";

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
<title>{title}</title><style>{STYLE}</style></head><body>{body}</body></html>"
    )
}

fn headers() -> HeaderMap {
    use base64::Engine as _;
    use sha2::Digest as _;

    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(STYLE));
    let mut headers = HeaderMap::new();
    if let Ok(policy) = HeaderValue::from_str(&CSP.replace("STYLE", &hash)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
