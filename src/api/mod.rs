//! The HTTP side: every route in one list, one stack of layers.

mod accept;
mod attachments;
mod auth;
mod body;
mod changes;
mod channels;
mod contacts;
mod decisions;
mod deliveries;
mod docs;
mod health;
mod home;
mod ids;
mod knowledge;
mod messages;
mod page;
mod problems;
mod query;
mod refusal;
mod secrets;
mod status;
mod tickets;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::middleware::{from_fn, from_fn_with_state};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::engine::Engine;
use crate::inbox::EngineInbox;

pub use docs::document;

/// The largest body: 1 MiB.
const BODY: usize = 1024 * 1024;
/// The largest body where a file may be inside: 12 MiB.
const BODY_WITH_FILES: usize = 12 * 1024 * 1024;

/// Public; counted by the caller's address.
fn public() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(home::show_home))
        .routes(routes!(status::show_status))
        .merge(docs::routes())
}

/// Behind `API_TOKEN`, or a key of scope `read` for what only reads.
fn private() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(health::show_metrics))
        .routes(routes!(tickets::list_tickets))
        .routes(routes!(tickets::show_ticket, changes::change_ticket))
        .routes(routes!(decisions::list_decisions))
        .routes(routes!(changes::join_ticket))
        .routes(routes!(changes::leave_ticket))
        .routes(routes!(messages::post_message).layer(DefaultBodyLimit::max(BODY_WITH_FILES)))
        .routes(routes!(messages::retry_message))
        .routes(routes!(attachments::get_attachment))
        .routes(routes!(contacts::list_contacts))
        .routes(routes!(contacts::show_contact))
        .routes(routes!(contacts::block_contact))
        .routes(routes!(contacts::unblock_contact))
        .routes(routes!(knowledge::list_articles, knowledge::create_article))
        .routes(routes!(
            knowledge::show_article,
            knowledge::change_article,
            knowledge::delete_article
        ))
        .routes(routes!(channels::list_channels))
        .routes(routes!(channels::switch_channel))
        .merge(for_webhooks())
}

/// The same, for other systems that are told of events.
fn for_webhooks() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(webhooks::list_webhooks, webhooks::create_webhook))
        .routes(routes!(webhooks::show_webhook_stats))
        .routes(routes!(webhooks::show_webhook, webhooks::change_webhook, webhooks::delete_webhook))
        .routes(routes!(secrets::rotate_webhook_secret))
        .routes(routes!(deliveries::list_deliveries))
        .routes(routes!(deliveries::retry_delivery))
        .routes(routes!(deliveries::test_webhook))
        .routes(routes!(deliveries::replay_webhook))
}

/// Open to all and counted by nobody: load balancers ask often, and from one address.
fn uncounted() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(health::check_health))
}

/// The routes that the channels bring; each checks its callers by its own protocol.
fn from_channels(engine: &Engine) -> OpenApiRouter<Engine> {
    let inbox = Arc::new(EngineInbox::new(engine.clone()));
    let routes = engine.channels.iter().map(|channel| channel.routes(inbox.clone()));
    routes.fold(OpenApiRouter::new(), |all, routes| all.merge(routes.with_state(())))
}

fn router(engine: &Engine) -> Router<Engine> {
    let count = from_fn_with_state(engine.clone(), auth::count_public);
    let require = from_fn_with_state(engine.clone(), auth::require_token);
    public()
        .layer(count)
        .merge(private().layer(require))
        .merge(uncounted())
        .merge(from_channels(engine))
        .into()
}

/// The whole HTTP service. A path is the same with and without its trailing slash.
#[must_use]
pub fn service(engine: &Engine) -> NormalizePath<Router> {
    let document = docs::Document::new(&document());
    let layers = ServiceBuilder::new()
        .layer(SetRequestIdLayer::x_request_id(problems::MakeRequestId))
        .layer(from_fn_with_state(engine.clone(), auth::name_caller))
        .layer(from_fn(problems::log_request))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(from_fn(problems::render))
        .layer(CatchPanicLayer::custom(problems::from_panic))
        .layer(DefaultBodyLimit::max(BODY));
    let count = from_fn_with_state(engine.clone(), auth::count_public);
    let router = router(engine)
        .fallback(problems::not_found.layer(count.clone()))
        .method_not_allowed_fallback(problems::method_not_allowed.layer(count))
        .layer(axum::Extension(document))
        .layer(layers)
        .with_state(engine.clone());
    tower::Layer::layer(&NormalizePathLayer::trim_trailing_slash(), router)
}
