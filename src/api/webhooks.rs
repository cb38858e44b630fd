//! Webhooks: which other systems are told of what.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use centrium_channels::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body;
use super::changes::{given, present};
use super::page;
use super::query::Query;
use super::refusal::{DetailOut, RefusedInDetail};
use crate::clock::rfc3339;
use crate::engine::Engine;
use crate::events::KINDS;
use crate::ingest::clean_text;
use crate::store::deliveries;
use crate::store::webhooks::{self as store, Filter, Webhook};
use crate::webhooks::{self, Change, Draft, EVERYTHING};

/// A webhook. Its secret is not shown.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookOut {
    /// Its number.
    id: i64,
    /// What people call it.
    name: String,
    /// Where events go.
    url: String,
    /// The type of events that it is told of, or `*`.
    #[schema(example = "ticket.created")]
    event_type: String,
    /// Whether it is told of anything; its deliveries wait while it is not.
    is_active: bool,
    /// What it is for.
    description: Option<String>,
    /// When it was made.
    created_at: String,
    /// When it was last changed, or switched off by the engine.
    updated_at: String,
    /// Its last try.
    last_triggered_at: Option<String>,
    /// Deliveries of which every try has failed.
    failure_count: i64,
    /// Deliveries that have arrived.
    success_count: i64,
    /// Its first failed try since the last one that succeeded; null while it works.
    failing_since: Option<String>,
    /// Why the engine has switched it off, in a sentence. `{"is_active": true}` switches it on again.
    disabled_reason: Option<String>,
}

/// A page of webhooks.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookPage {
    /// Newest first.
    items: Vec<WebhookOut>,
    /// How many pass the filters.
    total: i64,
    /// How many a page holds at most.
    limit: i64,
    /// How many come before this page.
    offset: i64,
}

/// A new webhook.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct WebhookIn {
    /// Up to 200 characters.
    name: String,
    /// `http://` or `https://`, and not a private address.
    url: String,
    /// A type of events, or `*` for all.
    event_type: String,
    /// What signs the deliveries: any text up to 500 characters, or `whsec_` and base64.
    #[serde(default)]
    secret: Option<String>,
    /// Up to 2,000 characters.
    #[serde(default)]
    description: Option<String>,
}

/// What shall be different. What is not given stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct WebhookPatch {
    /// Up to 200 characters.
    #[schema(value_type = String, required = false)]
    #[serde(deserialize_with = "given")]
    name: Option<Option<String>>,
    /// `http://` or `https://`, and not a private address.
    #[schema(value_type = String, required = false)]
    #[serde(deserialize_with = "given")]
    url: Option<Option<String>>,
    /// A type of events, or `*` for all.
    #[schema(value_type = String, required = false)]
    #[serde(deserialize_with = "given")]
    event_type: Option<Option<String>>,
    /// Signs from now on, alone; null for no signature. To change it without a gap, rotate it.
    #[schema(value_type = Option<String>, required = false)]
    #[serde(deserialize_with = "given")]
    secret: Option<Option<String>>,
    /// Up to 2,000 characters; null for none.
    #[schema(value_type = Option<String>, required = false)]
    #[serde(deserialize_with = "given")]
    description: Option<Option<String>>,
    /// False: it is told of nothing, and what waits for it goes on waiting. True also forgives it all
    /// failures.
    #[schema(value_type = bool, required = false)]
    #[serde(deserialize_with = "given")]
    is_active: Option<Option<bool>>,
}

/// How all webhooks do.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookStats {
    /// Webhooks that there are.
    total_webhooks: i64,
    /// Those that are active.
    active_webhooks: i64,
    /// Their deliveries, with those that have not ended.
    total_deliveries: i64,
    /// Those that have arrived.
    successful_deliveries: i64,
    /// Those of which every try has failed.
    failed_deliveries: i64,
    /// How many of those that have ended have arrived, in percent with two decimals.
    #[schema(example = 99.87)]
    success_rate: f64,
}

impl From<Webhook> for WebhookOut {
    fn from(row: Webhook) -> Self {
        Self {
            id: row.id,
            name: row.name,
            url: row.url,
            event_type: row.event_type,
            is_active: row.is_active,
            description: row.description,
            created_at: rfc3339(row.created_at),
            updated_at: rfc3339(row.updated_at),
            last_triggered_at: row.last_triggered_at.map(rfc3339),
            failure_count: row.failure_count,
            success_count: row.success_count,
            failing_since: row.failing_since.map(rfc3339),
            disabled_reason: row.disabled_reason,
        }
    }
}

impl WebhookIn {
    fn read(self) -> Draft {
        Draft {
            name: clean_text(self.name),
            url: clean_text(self.url),
            event_type: clean_text(self.event_type),
            description: self.description.map(clean_text),
            secret: self.secret.map(clean_text),
        }
    }
}

impl WebhookPatch {
    fn read(self) -> Result<Change, Problem> {
        Ok(Change {
            name: present("name", self.name)?.map(clean_text),
            url: present("url", self.url)?.map(clean_text),
            event_type: present("event_type", self.event_type)?.map(clean_text),
            description: self.description.map(|text| text.map(clean_text)),
            secret: self.secret.map(|text| text.map(clean_text)),
            is_active: present("is_active", self.is_active)?,
        })
    }
}

/// List webhooks
#[utoipa::path(
    get,
    path = "/webhooks",
    tag = "Webhooks",
    security(("api_token" = [])),
    params(
        ("event_type" = Option<String>, Query, description = "Only of this type, which may be `*`"),
        ("is_active" = Option<bool>, Query, description = "Only those that are, or are not, active"),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 200,
            description = "1 to 200; 50 when it is not given"),
        ("offset" = Option<u64>, Query, description = "How many to leave out"),
    ),
    responses(
        (status = 200, description = "A page of webhooks", body = WebhookPage),
        (status = 400, description = "An unknown value of a filter, a wrong limit or offset",
            body = DetailOut),
        RefusedInDetail,
    ),
)]
pub(super) async fn list_webhooks(
    State(engine): State<Engine>,
    query: Query,
) -> Result<Json<WebhookPage>, Problem> {
    let (limit, offset) = (page::limit(query.get("limit"))?, page::offset(query.get("offset"))?);
    let types = KINDS.into_iter().chain([EVERYTHING]);
    let event_type = query.word_of("event_type", types)?;
    let filter = Filter { event_type, is_active: query.one_of("is_active")? };
    let conn = engine.store.read().await?;
    let (rows, total) = store::list(&conn, &filter, limit, offset).await?;
    let items = rows.into_iter().map(WebhookOut::from).collect();
    Ok(Json(WebhookPage { items, total, limit, offset }))
}

/// Add a webhook
///
/// From now on each event of its type is posted to its address: the event's payload alone as the
/// body, its type in `X-Webhook-Event`. What is not taken is tried again, for days; docs/WEBHOOKS.md
/// tells how, and how to check the signatures.
#[utoipa::path(
    post,
    path = "/webhooks",
    tag = "Webhooks",
    security(("api_token" = [])),
    request_body(content = WebhookIn, example = json!({
        "name": "Billing", "url": "https://example.com/webhook", "event_type": "user.created",
        "secret": "optional-secret-for-signing", "description": "New customers"
    })),
    responses(
        (status = 201, description = "The webhook", body = WebhookOut),
        (status = 400, description = "The body is not of this shape", body = DetailOut),
        (status = 413, description = "The body is larger than 1 MiB", body = DetailOut),
        (status = 422, description = "There is no such type of events, or nothing may go to this \
            address", body = DetailOut),
        RefusedInDetail,
    ),
)]
pub(super) async fn create_webhook(
    State(engine): State<Engine>,
    body::Json(webhook): body::Json<WebhookIn>,
) -> Result<(StatusCode, Json<WebhookOut>), Problem> {
    let webhook = webhooks::create(&engine, webhook.read()).await?;
    Ok((StatusCode::CREATED, Json(webhook.into())))
}

/// Show a webhook
#[utoipa::path(
    get,
    path = "/webhooks/{id}",
    tag = "Webhooks",
    security(("api_token" = [])),
    params(("id" = i64, Path, description = "The webhook's number")),
    responses(
        (status = 200, description = "The webhook", body = WebhookOut),
        (status = 404, description = "There is no such webhook", body = DetailOut),
        RefusedInDetail,
    ),
)]
pub(super) async fn show_webhook(
    State(engine): State<Engine>,
    Path(id): Path<String>,
) -> Result<Json<WebhookOut>, Problem> {
    let found = store::get(&*engine.store.read().await?, number(&id)?).await?;
    found.map(|row| Json(row.into())).ok_or_else(no_webhook)
}

/// Change a webhook
///
/// All of it, or nothing. `{"is_active": true}` switches one on again that the engine has switched
/// off; what has waited for it is then sent.
#[utoipa::path(
    patch,
    path = "/webhooks/{id}",
    tag = "Webhooks",
    security(("api_token" = [])),
    params(("id" = i64, Path, description = "The webhook's number")),
    request_body(content = WebhookPatch,
        example = json!({ "name": "Updated Name", "is_active": false })),
    responses(
        (status = 200, description = "The webhook as it is now", body = WebhookOut),
        (status = 400, description = "The body is not of this shape", body = DetailOut),
        (status = 404, description = "There is no such webhook", body = DetailOut),
        (status = 413, description = "The body is larger than 1 MiB", body = DetailOut),
        (status = 422, description = "A value is none that this field may have", body = DetailOut),
        RefusedInDetail,
    ),
)]
pub(super) async fn change_webhook(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    body::Json(patch): body::Json<WebhookPatch>,
) -> Result<Json<WebhookOut>, Problem> {
    let id = number(&id)?;
    Ok(Json(webhooks::change(&engine, id, patch.read()?).await?.into()))
}

/// Delete a webhook
///
/// With all its deliveries, also those that wait.
#[utoipa::path(
    delete,
    path = "/webhooks/{id}",
    tag = "Webhooks",
    security(("api_token" = [])),
    params(("id" = i64, Path, description = "The webhook's number")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such webhook", body = DetailOut),
        RefusedInDetail,
    ),
)]
pub(super) async fn delete_webhook(
    State(engine): State<Engine>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    webhooks::delete(&engine, number(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Show how webhooks do
#[utoipa::path(
    get,
    path = "/webhooks/stats",
    tag = "Webhooks",
    security(("api_token" = [])),
    responses(
        (status = 200, description = "Of all webhooks that there are", body = WebhookStats),
        RefusedInDetail,
    ),
)]
pub(super) async fn show_webhook_stats(
    State(engine): State<Engine>,
) -> Result<Json<WebhookStats>, Problem> {
    let conn = engine.store.read().await?;
    let (all, total_webhooks) = store::list(&conn, &Filter::default(), i64::MAX, 0).await?;
    let pending = deliveries::count_pending(&conn).await?;
    let active_webhooks = all.iter().map(|hook| i64::from(hook.is_active)).sum();
    let successful: i64 = all.iter().map(|hook| hook.success_count).sum();
    let failed: i64 = all.iter().map(|hook| hook.failure_count).sum();
    Ok(Json(WebhookStats {
        total_webhooks,
        active_webhooks,
        total_deliveries: successful + failed + pending,
        successful_deliveries: successful,
        failed_deliveries: failed,
        success_rate: percent(successful, successful + failed),
    }))
}

/// The number of a webhook in a path.
pub(super) fn number(segment: &str) -> Result<i64, Problem> {
    segment.parse().ok().filter(|number| *number > 0).ok_or_else(no_webhook)
}

pub(super) fn no_webhook() -> Problem {
    webhooks::Error::NotFound("Webhook").into()
}

fn percent(part: i64, whole: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "two decimals are shown")]
    let share = if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    (share * 10_000.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_share_has_two_decimals() {
        assert_eq!([percent(0, 0), percent(0, 7), percent(7, 7)], [0.0, 0.0, 100.0]);
        assert_eq!([percent(2, 3), percent(1, 3), percent(1, 8)], [66.67, 33.33, 12.5]);
    }
}
