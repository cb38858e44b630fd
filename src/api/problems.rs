//! What callers see when something can't be done: one sentence, in the shape of the path's
//! neighbourhood.

use std::any::Any;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use centrium_channels::Problem;
use serde_json::{Value, json};
use tower_http::request_id::RequestId;

use super::accept;
use crate::telemetry::metrics as names;

/// The name of the header that carries a request's id.
const REQUEST_ID: &str = "x-request-id";

/// Names each request that does not bring a name of its own.
#[derive(Clone, Copy)]
pub(super) struct MakeRequestId;

impl tower_http::request_id::MakeRequestId for MakeRequestId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        let id = format!("{:032x}", rand::random::<u128>());
        HeaderValue::try_from(id).ok().map(RequestId::new)
    }
}

/// 404 for paths that nobody knows.
pub(super) async fn not_found() -> Problem {
    Problem::not_found("There is nothing at this address.")
}

/// 405 for known paths.
pub(super) async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "This address does not take this method.")
}

/// 500 for a defect of ours; the panic's own words stay in the log.
pub(super) fn from_panic(_: Box<dyn Any + Send>) -> Response {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side.")
        .into_response()
}

/// Gives every refusal its body, also those that axum itself makes without one.
pub(super) async fn render(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let wants_page = accept::prefers_html(request.headers());
    let id = request.headers().get(REQUEST_ID).cloned();
    let response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = match response.extensions().get::<Problem>() {
        Some(problem) => problem.clone(),
        None if has_body(&response) => return response,
        None => Problem::new(status, sentence_for(status)),
    };
    let headers = response.headers().clone();
    let mut rendered = body_of(&problem, &path, wants_page, id.as_ref());
    *rendered.status_mut() = problem.status;
    for (name, value) in &headers {
        if name != CONTENT_TYPE && name != axum::http::header::CONTENT_LENGTH {
            rendered.headers_mut().insert(name, value.clone());
        }
    }
    if let Some(wait) = problem.retry_after {
        rendered.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds(wait)));
    }
    rendered
}

/// One log line and two figures for each request. The path's pattern is told, not the path.
pub(super) async fn log_request(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| String::from("unknown"));
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    let span = tracing::info_span!("request", request.id = id);
    let response = {
        use tracing::Instrument;
        next.run(request).instrument(span.clone()).await
    };
    let took = began.elapsed();
    let status = response.status().as_u16();
    let _entered = span.entered();
    tracing::debug!(
        http.method = method,
        http.route = route,
        http.status = status,
        http.milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "request.done"
    );
    if status >= 500 {
        tracing::warn!(http.route = route, http.status = status, "request.failed");
    }
    let labels = [("method", method.to_owned()), ("route", route.clone())];
    metrics::histogram!(names::HTTP_REQUEST_SECONDS, &labels).record(took.as_secs_f64());
    metrics::counter!(
        names::HTTP_REQUESTS_TOTAL,
        "method" => method, "route" => route, "status" => status.to_string()
    )
    .increment(1);
    response
}

/// Anyone can make up a method; a metric has only those that routes know.
fn known_method(method: &Method) -> &'static str {
    const KNOWN: [&str; 6] = ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

fn body_of(problem: &Problem, path: &str, page: bool, id: Option<&HeaderValue>) -> Response {
    let sentence = &problem.sentence;
    let id = id.and_then(|id| id.to_str().ok()).filter(|_| problem.status.is_server_error());
    if page {
        let shown = id.map_or_else(String::new, |id| format!("Request {id}"));
        return super::home::error_page(problem.status, sentence, &shown).into_response();
    }
    let id = id.map(|id| json!(id));
    let body = if path.starts_with("/tickets/api") || path.starts_with("/api/feedback") {
        shape(&[
            ("success", Some(json!(false))),
            ("error", Some(json!(sentence))),
            ("request_id", id),
        ])
    } else if path.starts_with("/webhooks") {
        shape(&[("detail", Some(json!(sentence))), ("request_id", id)])
    } else {
        shape(&[("error", Some(json!(sentence))), ("request_id", id)])
    };
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A JSON object with its fields in this order, as people read it; those without a value are left out.
fn shape(fields: &[(&str, Option<Value>)]) -> String {
    let present = fields.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let fields: Vec<String> = present.map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

fn has_body(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}

fn sentence_for(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => "The body is too large.",
        StatusCode::METHOD_NOT_ALLOWED => "This address does not take this method.",
        StatusCode::NOT_FOUND => "There is nothing at this address.",
        StatusCode::REQUEST_TIMEOUT => "The request did not arrive in time.",
        status if status.is_client_error() => "The request is not as it should be.",
        _ => "Something went wrong on our side.",
    }
}

fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
