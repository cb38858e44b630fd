//! For machines that watch: `/healthz` and `/metrics`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use centrium_channels::Problem;

use crate::engine::Engine;

/// Whether the engine can take messages
///
/// Not counted against any limit: load balancers ask often, and from one address.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "Status",
    responses(
        (status = 200, description = "The database can be written", body = String, content_type = "text/plain"),
        (status = 503, description = "It can't"),
    ),
)]
pub(super) async fn check_health(State(engine): State<Engine>) -> Result<&'static str, Problem> {
    if engine.health.can_write(&engine.store, engine.clock.now()).await {
        Ok("ok\n")
    } else {
        Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The database can't be written right now.",
        ))
    }
}

/// Figures for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "Status",
    security(("api_token" = [])),
    responses(
        (status = 200, description = "In Prometheus' text format", body = String, content_type = "text/plain"),
        (status = 401, description = "No token, or a wrong one"),
        (status = 429, description = "Too many requests with this key"),
        (status = 503, description = "The database can't be asked whether this key is known"),
    ),
)]
pub(super) async fn show_metrics() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], crate::telemetry::metrics().render())
}
