//! `GET /tickets/api/status/`: what works, in one look, without secrets.

use axum::Json;
use axum::extract::State;
use centrium_channels::{ChannelKind, Health};
use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::Engine;
use crate::health::Pulse;

/// What works.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "status": "ok", "version": "0.1.0", "problems": [],
    "channels": {
        "web": true, "email": false, "telegram": false, "whatsapp": false, "api": true, "site": false
    }
}))]
pub(super) struct StatusOut {
    /// `ok`, or `degraded` when there are problems.
    status: &'static str,
    /// The version of this engine.
    version: &'static str,
    /// Which channels are switched on.
    channels: ChannelsOut,
    /// What is wrong, one sentence each.
    problems: Vec<String>,
}

/// Which channels are switched on.
#[derive(Debug, Serialize, ToSchema)]
struct ChannelsOut {
    web: bool,
    email: bool,
    telegram: bool,
    whatsapp: bool,
    api: bool,
    site: bool,
}

/// Whether the engine works, and which channels are on
///
/// Always 200 while the process answers. Public, and cheap: the database is asked at most once a
/// second.
#[utoipa::path(
    get,
    path = "/tickets/api/status",
    tag = "Status",
    responses(
        (status = 200, description = "What works", body = StatusOut),
        (status = 429, description = "Too many requests from this address"),
    ),
)]
pub(super) async fn show_status(State(engine): State<Engine>) -> Json<StatusOut> {
    let pulse = engine.health.pulse(&engine.store, engine.clock.now()).await;
    let mut problems = pulse.problems.clone();
    for channel in &engine.channels {
        if let Health::Problem(sentence) = channel.health().await {
            problems.push(format!("{}: {sentence}", channel.kind()));
        }
    }
    let on = |kind| engine.config.channel_on(kind) && pulse.is_active(kind);
    Json(StatusOut {
        status: if problems.is_empty() { "ok" } else { "degraded" },
        version: env!("CARGO_PKG_VERSION"),
        channels: ChannelsOut {
            web: on(ChannelKind::Web),
            email: on(ChannelKind::Email),
            telegram: on(ChannelKind::Telegram),
            whatsapp: on(ChannelKind::Whatsapp),
            api: on(ChannelKind::Api),
            site: on(ChannelKind::Site),
        },
        problems,
    })
}

impl Pulse {
    fn is_active(&self, kind: ChannelKind) -> bool {
        !self.switched_off.contains(&kind)
    }
}
