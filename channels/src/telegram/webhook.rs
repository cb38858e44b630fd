//! Telegram calls us.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode};
use subtle::ConstantTimeEq;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::intake::Intake;
use crate::{Caller, Inbox, Kind, Problem, Result};

/// The path that Telegram calls, without its trailing slash.
pub const PATH: &str = "/tickets/api/telegram/webhook";
/// The largest update, in bytes: 1 MiB.
pub const BODY_LIMIT: usize = 1024 * 1024;
/// Where Telegram shows the secret that it was told with the address.
const SECRET: &str = "x-telegram-bot-api-secret-token";

#[derive(OpenApi)]
#[openapi(
    paths(post_update),
    tags((name = "Telegram", description = "The customers' bot, as Telegram calls it"))
)]
struct Documentation;

/// What the OpenAPI document says of this channel.
#[must_use]
pub fn documentation() -> utoipa::openapi::OpenApi {
    Documentation::openapi()
}

/// What the route needs.
#[derive(Clone)]
struct Hook {
    intake: Intake,
    secret: Option<Arc<str>>,
    inbox: Arc<dyn Inbox>,
}

pub(super) fn routes(
    intake: Intake,
    secret: Option<Arc<str>>,
    inbox: Arc<dyn Inbox>,
) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(post_update)).with_state(Hook { intake, secret, inbox })
}

/// Takes in an update of the Bot API
///
/// Telegram calls this, with the secret that `centrium set-webhook telegram` told it. 200 means
/// that the update is durable; whatever can't be understood is kept and answered 200 as well,
/// because Telegram would send it for ever.
#[utoipa::path(
    post,
    path = "/tickets/api/telegram/webhook",
    tag = "Telegram",
    request_body(content = Object, content_type = "application/json", description = "An Update"),
    params((
        "X-Telegram-Bot-Api-Secret-Token" = Option<String>, Header,
        description = "TELEGRAM_WEBHOOK_SECRET, where that is set"
    )),
    responses(
        (status = 200, description = "The update is durable"),
        (status = 403, description = "The secret is missing or wrong"),
        (status = 413, description = "The body is larger than 1 MiB"),
        (status = 503, description = "It can't be stored now; send it again"),
    ),
)]
async fn post_update(
    State(hook): State<Hook>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
    request: Request,
) -> Result<StatusCode, Problem> {
    if !hook.is_telegram(&headers) {
        return Err(hook.refuse(caller.map(|Extension(Caller(address))| address)).await);
    }
    let body = read(request).await?;
    hook.intake.take(&*hook.inbox, &body).await?;
    Ok(StatusCode::OK)
}

impl Hook {
    fn is_telegram(&self, headers: &HeaderMap) -> bool {
        let Some(secret) = &self.secret else { return true };
        let shown = headers.get(SECRET).map_or(&b""[..], |shown| shown.as_bytes());
        secret.as_bytes().ct_eq(shown).into()
    }

    /// Whoever guesses counts against their address, as with any other key.
    async fn refuse(&self, caller: Option<IpAddr>) -> Problem {
        match self.inbox.authorize(None, caller).await {
            Err(error) if error.kind == Kind::TooMany => error.into(),
            _ => Problem::new(StatusCode::FORBIDDEN, "The secret token is missing or wrong."),
        }
    }
}

async fn read(mut request: Request) -> Result<Bytes, Problem> {
    DefaultBodyLimit::max(BODY_LIMIT).apply(&mut request);
    let body = Bytes::from_request(request, &()).await;
    body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is larger than 1 MiB.")
        }
        _ => Problem::bad_request("The body ended before all of it had come."),
    })
}
