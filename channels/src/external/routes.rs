//! The two requests of this channel.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use serde_json::{Map, Value};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::shapes::{MessageIn, Refusal, ReplyOut};
use super::strangers::Strangers;
use super::{headers, parse};
use crate::{
    Caller, ChannelKind, Inbox, KeyId, Kind, Problem, Receipt, Reply, Result, idempotency_key,
};

/// The largest body of a message, in bytes: 12 MiB, because an image may be inside.
pub const BODY_LIMIT: usize = 12 * 1024 * 1024;

/// How long a caller is kept waiting for the answer. It is longer than the assistant's own
/// limit, after which the canned reply is the answer.
pub const REPLY_WAIT: Duration = Duration::from_secs(40);

/// How soon a caller that waited in vain should ask again.
const ASK_AGAIN: Duration = Duration::from_secs(5);

#[derive(OpenApi)]
#[openapi(
    modifiers(&Keys),
    tags((name = "External API", description = "Other systems' customers: messages and tickets"))
)]
struct Documentation;

struct Keys;

impl Modify for Keys {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let header = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key")));
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("external_key", header);
        components.add_security_scheme("bearer", bearer);
    }
}

pub(super) fn routes(inbox: Arc<dyn Inbox>) -> OpenApiRouter {
    OpenApiRouter::with_openapi(Documentation::openapi())
        .routes(routes!(post_message).layer(Extension(Strangers::default())))
        .routes(routes!(get_ticket))
        .with_state(inbox)
}

/// Takes in a customer's message, and answers with the reply
///
/// Waits for the reply, up to 40 s. With an `Idempotency-Key` a request may be repeated: nothing
/// is done twice, and the answer is the first one. The key is in `X-API-Key`, in
/// `Authorization: Bearer`, or in the body's `api_key`; the first of these counts.
#[utoipa::path(
    post,
    path = "/tickets/api/external/message",
    tag = "External API",
    request_body(content = MessageIn, content_type = "application/json"),
    params((
        "Idempotency-Key" = Option<String>, Header,
        description = "1 to 255 visible characters that name this request among those of the same API key, kept for 24 hours"
    )),
    responses(
        (status = 200, description = "The message is stored, and this is the reply", body = ReplyOut),
        (status = 400, description = "Broken JSON, or a field is missing or wrong", body = Refusal),
        (status = 401, description = "The key is missing or wrong", body = Refusal),
        (status = 409, description = "The Idempotency-Key was used for another request", body = Refusal),
        (status = 413, description = "The body is larger than 12 MiB", body = Refusal),
        (
            status = 429, description = "Too many requests of this key or address", body = Refusal,
            headers(("Retry-After" = u64, description = "Seconds to wait"))
        ),
        (
            status = 503, description = "The message can't be stored now, or the reply is not ready",
            body = Refusal, headers(("Retry-After" = u64, description = "Seconds to wait"))
        ),
    ),
    security(("external_key" = []), ("bearer" = []), ()),
)]
async fn post_message(
    State(inbox): State<Arc<dyn Inbox>>,
    Extension(strangers): Extension<Strangers>,
    caller: Option<Extension<Caller>>,
    request: Request,
) -> Result<Json<ReplyOut>, Problem> {
    let caller = address(caller);
    let headers = request.headers().clone();
    let (key, asked) = read_authorized(&*inbox, &strangers, caller, &headers, request).await?;
    let message = parse::message(asked, key, idempotency_key(&headers)?)?;
    let may_repeat = message.idempotency.is_some();
    let receipt = inbox.accept(message).await?;
    let reply = wait_for_reply(&*inbox, receipt, may_repeat).await?;
    Ok(Json(ReplyOut::new(receipt, reply)))
}

/// A ticket of this channel, with its messages
///
/// Where an operator answers later, this is how the answer is fetched. The shape is that of
/// `GET /api/tickets/{id}`, without notes and drafts.
#[utoipa::path(
    get,
    path = "/tickets/api/external/tickets/{id}",
    tag = "External API",
    params(("id" = i64, Path, description = "The ticket_id that a message was answered with")),
    responses(
        (status = 200, description = "The ticket, and its messages, oldest first", body = Value),
        (status = 401, description = "The key is missing or wrong", body = Refusal),
        (status = 404, description = "There is no such ticket on this channel", body = Refusal),
        (
            status = 429, description = "Too many requests of this key or address", body = Refusal,
            headers(("Retry-After" = u64, description = "Seconds to wait"))
        ),
        (
            status = 503, description = "The store can't be asked now", body = Refusal,
            headers(("Retry-After" = u64, description = "Seconds to wait"))
        ),
    ),
    security(("external_key" = []), ("bearer" = [])),
)]
async fn get_ticket(
    State(inbox): State<Arc<dyn Inbox>>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Problem> {
    inbox.authorize(headers::api_key(&headers).as_deref(), address(caller)).await?;
    let no_ticket = || Problem::not_found("There is no such ticket.");
    let id = id.ok().and_then(|Path(id)| id.parse().ok()).ok_or_else(no_ticket)?;
    inbox.read_ticket(ChannelKind::Api, id).await?.map(Json).ok_or_else(no_ticket)
}

fn address(caller: Option<Extension<Caller>>) -> Option<IpAddr> {
    caller.map(|Extension(Caller(address))| address)
}

/// Who calls, and what they ask. A key in a header is looked at before the body is read; a key
/// in the body can be found only in JSON that is whole.
async fn read_authorized(
    inbox: &dyn Inbox,
    strangers: &Strangers,
    caller: Option<IpAddr>,
    headers: &HeaderMap,
    request: Request,
) -> Result<(KeyId, Map<String, Value>), Problem> {
    if let Some(key) = headers::api_key(headers) {
        let key = inbox.authorize(Some(&key), caller).await?;
        let mut asked = read_object(request).await?;
        parse::take_api_key(&mut asked);
        return Ok((key, asked));
    }
    let read = strangers.read(request.into_body(), BODY_LIMIT).await;
    let (mut asked, _held) = match read.and_then(|(body, held)| Ok((parse::object(&body)?, held))) {
        Ok(read) => read,
        Err(problem) => return Err(count_stranger(inbox, caller, problem).await),
    };
    let key = parse::take_api_key(&mut asked);
    Ok((inbox.authorize(key.as_deref(), caller).await?, asked))
}

/// Who showed no key, because the body could not be read, still counts against its address:
/// otherwise large broken bodies would be the one thing that may be sent without a limit.
async fn count_stranger(inbox: &dyn Inbox, caller: Option<IpAddr>, problem: Problem) -> Problem {
    match inbox.authorize(None, caller).await {
        Err(error) if error.kind == Kind::TooMany => error.into(),
        _ => problem,
    }
}

async fn read_object(mut request: Request) -> Result<Map<String, Value>, Problem> {
    DefaultBodyLimit::max(BODY_LIMIT).apply(&mut request);
    let body = Bytes::from_request(request, &()).await;
    let body = body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => cut_off(),
    })?;
    Ok(parse::object(&body)?)
}

pub(super) fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than 12 MiB.")
}

pub(super) fn cut_off() -> Problem {
    Problem::bad_request("The body ended before all of it had come.")
}

async fn wait_for_reply(
    inbox: &dyn Inbox,
    receipt: Receipt,
    may_repeat: bool,
) -> Result<Reply, Problem> {
    match inbox.reply_to(&receipt, REPLY_WAIT).await {
        Ok(Some(reply)) => Ok(reply),
        Ok(None) => Err(not_ready(receipt, may_repeat)),
        Err(error) if error.kind == Kind::Unavailable => Err(not_ready(receipt, may_repeat)),
        Err(error) => Err(error.into()),
    }
}

/// 503 after the message was stored. Only a caller with an idempotency key is told to come
/// again: from others, a repeat would be a second message.
fn not_ready(receipt: Receipt, may_repeat: bool) -> Problem {
    let ticket = receipt.ticket_id;
    let sentence = if may_repeat {
        "Your message is stored; the answer is not ready yet. \
         Send the same request with the same Idempotency-Key to fetch it."
            .to_owned()
    } else {
        format!(
            "Your message is stored in ticket {ticket}; the answer is not ready yet. \
             Do not send it again; read /tickets/api/external/tickets/{ticket}/ to fetch it."
        )
    };
    let mut problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, sentence);
    problem.retry_after = may_repeat.then_some(ASK_AGAIN);
    problem
}
