//! Who calls, and whether they may.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use centrium_channels::{Caller, Problem};

use crate::access::{Want, caller};
use crate::engine::Engine;

/// Notes the caller's address, behind trusted proxies too, for all that come after.
pub(super) async fn name_caller(
    State(engine): State<Engine>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        let trusted = &engine.config.trusted_proxies;
        let address = caller(peer.ip(), request.headers(), trusted);
        request.extensions_mut().insert(Caller(address));
    }
    next.run(request).await
}

/// Counts a request to a public page, or to what does not exist, against its caller's address.
pub(super) async fn count_public(
    State(engine): State<Engine>,
    request: Request,
    next: Next,
) -> Response {
    match engine.access.count(address_of(&request)) {
        Ok(()) => next.run(request).await,
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Asks for `Authorization: Bearer`: API_TOKEN, or for what only reads also a key of that scope.
pub(super) async fn require_token(
    State(engine): State<Engine>,
    request: Request,
    next: Next,
) -> Response {
    let want = match *request.method() {
        Method::GET | Method::HEAD => Want::Read,
        _ => Want::Write,
    };
    let token = bearer(request.headers());
    match engine.access.check(token, want, address_of(&request)).await {
        Ok(_) => next.run(request).await,
        Err(error) => Problem::from(error).into_response(),
    }
}

fn address_of(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<Caller>().map(|caller| caller.0)
}

/// The key in `Authorization: Bearer`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
