//! Channels and their switches.

use axum::Json;
use axum::extract::{Path, State};
use centrium_channels::{ChannelKind, Health, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body;
use super::refusal::{ErrorOut, Refused};
use crate::engine::Engine;
use crate::store::channels::ChannelRow;
use crate::store::{StoredKind, channels};

/// A channel.
#[derive(Serialize, ToSchema)]
pub(super) struct ChannelOut {
    /// Which one.
    kind: ChannelKind,
    /// It is configured.
    is_on: bool,
    /// The operators' switch: off, it reads and sends nothing.
    is_active: bool,
    /// `ok` or `problem`; null where it is not configured.
    #[schema(example = "ok")]
    health: Option<&'static str>,
    /// What is wrong, in a sentence.
    health_detail: Option<String>,
}

/// Every channel there can be.
#[derive(Serialize, ToSchema)]
pub(super) struct ChannelList {
    items: Vec<ChannelOut>,
}

/// What shall be different.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ChannelPatch {
    /// Whether the channel reads and sends.
    is_active: bool,
}

/// List channels
#[utoipa::path(
    get,
    path = "/api/channels",
    tag = "Channels",
    security(("api_token" = [])),
    responses((status = 200, description = "Every channel", body = ChannelList), Refused),
)]
pub(super) async fn list_channels(
    State(engine): State<Engine>,
) -> Result<Json<ChannelList>, Problem> {
    let rows = channels::all(&*engine.store.read().await?).await?;
    let mut items = Vec::new();
    for kind in ChannelKind::ALL {
        items.push(shape(&engine, kind, &rows).await);
    }
    Ok(Json(ChannelList { items }))
}

/// Switch a channel
///
/// One that is off reads and sends nothing; its callers get 503, so that they come again, and
/// answers wait.
#[utoipa::path(
    patch,
    path = "/api/channels/{kind}",
    tag = "Channels",
    security(("api_token" = [])),
    params(("kind" = ChannelKind, Path, description = "Which channel")),
    request_body(content = ChannelPatch, example = json!({ "is_active": false })),
    responses(
        (status = 200, description = "The channel as it is now", body = ChannelOut),
        (status = 400, description = "The body is not of this shape", body = ErrorOut),
        (status = 404, description = "There is no such channel", body = ErrorOut),
        (status = 413, description = "The body is larger than 1 MiB", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn switch_channel(
    State(engine): State<Engine>,
    Path(kind): Path<String>,
    body::Json(patch): body::Json<ChannelPatch>,
) -> Result<Json<ChannelOut>, Problem> {
    let kind: ChannelKind =
        kind.parse().map_err(|_| Problem::not_found("There is no such channel."))?;
    channels::switch(&engine.store, StoredKind(kind), patch.is_active).await?;
    tracing::info!(channel.kind = kind.as_str(), is_active = patch.is_active, "channel.switched");
    let rows = channels::all(&*engine.store.read().await?).await?;
    Ok(Json(shape(&engine, kind, &rows).await))
}

async fn shape(engine: &Engine, kind: ChannelKind, rows: &[ChannelRow]) -> ChannelOut {
    let row = rows.iter().find(|row| row.kind.0 == kind);
    let channel = engine.channel(kind);
    let health = match channel {
        Some(channel) => Some(channel.health().await),
        None => None,
    };
    let (health, health_detail) = match health {
        Some(Health::Ok) => (Some("ok"), None),
        Some(Health::Problem(sentence)) => (Some("problem"), Some(sentence)),
        None => (None, None),
    };
    ChannelOut {
        kind,
        is_on: engine.config.channel_on(kind),
        is_active: row.is_none_or(|row| row.is_active),
        health,
        health_detail,
    }
}
