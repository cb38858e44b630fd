//! What webhooks were told, and how it went; and what they are told once more.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use centrium_channels::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body;
use super::page;
use super::query::Query;
use super::refusal::{DetailOut, RefusedInDetail};
use super::webhooks::{no_webhook, number};
use crate::clock::{Millis, from_rfc3339, rfc3339};
use crate::engine::Engine;
use crate::store::deliveries::{self, Shown};
use crate::store::names::WebhookStatus;
use crate::store::{Payload, webhooks as store};
use crate::webhooks;

/// The delivery of one event, over all its tries.
#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryOut {
    /// Its number.
    id: i64,
    /// The webhook's number.
    webhook_id: i64,
    /// The event's type.
    #[schema(example = "ticket.created")]
    event_type: Option<String>,
    /// What was posted, as JSON.
    #[schema(value_type = Object)]
    payload: Option<Payload>,
    /// The status of the last answer; null where there was none.
    response_status: Option<i64>,
    /// The first 1,000 characters of the last answer.
    response_body: Option<String>,
    /// How far it has come.
    status: WebhookStatus,
    /// Why the last try failed, in a sentence.
    error_message: Option<String>,
    /// Which try was the last, or is the first; 1 for the first.
    attempt_number: i64,
    /// When the event was written.
    created_at: String,
    /// When it arrived; null where it has not.
    delivered_at: Option<String>,
    /// When it is tried next, at the earliest; null where it has ended, and while it is on its way.
    next_retry_at: Option<String>,
}

/// A page of deliveries.
#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryPage {
    /// Newest first.
    items: Vec<DeliveryOut>,
    /// How many pass the filter.
    total: i64,
    /// How many a page holds at most.
    limit: i64,
    /// How many come before this page.
    offset: i64,
}

/// A test that was sent.
#[derive(Serialize, ToSchema)]
pub(super) struct TestOut {
    /// The event `webhook.test`.
    event_id: i64,
}

/// Some time.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ReplayIn {
    /// From this time, in RFC 3339.
    #[schema(example = "2026-01-15T10:00:00Z")]
    since: String,
    /// Until before this time; until now where it is not given.
    #[serde(default)]
    #[schema(example = "2026-01-15T12:00:00Z")]
    until: Option<String>,
}

/// Events that are sent once more.
#[derive(Serialize, ToSchema)]
pub(super) struct ReplayOut {
    /// How many.
    deliveries: usize,
}

impl From<Shown> for DeliveryOut {
    fn from((row, event_type, payload): Shown) -> Self {
        // While an engine has it, `run_at` is the end of that engine's lease.
        let waits = row.status == WebhookStatus::Pending && row.lease_owner.is_none();
        Self {
            id: row.id,
            webhook_id: row.webhook_id,
            event_type,
            payload,
            response_status: row.response_status,
            response_body: row.response_body,
            status: row.status,
            error_message: row.error_message,
            attempt_number: row.attempt_number.max(1),
            created_at: rfc3339(row.created_at),
            delivered_at: row.delivered_at.map(rfc3339),
            next_retry_at: waits.then(|| rfc3339(row.run_at)),
        }
    }
}

/// List a webhook's deliveries
///
/// They are kept as long as their events: `EVENTS_KEEP_DAYS`.
#[utoipa::path(
    get,
    path = "/webhooks/{id}/deliveries",
    tag = "Webhooks",
    security(("api_token" = [])),
    params(
        ("id" = i64, Path, description = "The webhook's number"),
        ("status" = Option<WebhookStatus>, Query, description = "Only with this status"),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 200,
            description = "1 to 200; 50 when it is not given"),
        ("offset" = Option<u64>, Query, description = "How many to leave out"),
    ),
    responses(
        (status = 200, description = "A page of deliveries", body = DeliveryPage),
        (status = 400, description = "An unknown value of a filter, a wrong limit or offset",
            body = DetailOut),
        (status = 404, description = "There is no such webhook", body = DetailOut),
        RefusedInDetail,
    ),
)]
pub(super) async fn list_deliveries(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<DeliveryPage>, Problem> {
    let id = number(&id)?;
    let (limit, offset) = (page::limit(query.get("limit"))?, page::offset(query.get("offset"))?);
    let status: Option<WebhookStatus> = query.one_of("status")?;

    let conn = engine.store.read().await?;
    let shown = async move {
        store::get(&conn, id).await?.ok_or_else(no_webhook)?;
        let total = deliveries::count(&conn, id, status).await?;
        let rows = deliveries::list(&conn, id, status, limit, offset).await?;
        let items = rows.into_iter().map(DeliveryOut::from).collect();
        Ok(Json(DeliveryPage { items, total, limit, offset }))
    };
    engine.store.in_a_row(shown).await
}

/// Try a delivery again
///
/// One that has failed begins anew, with all its tries; one that waits for its next try gets it now.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/deliveries/{delivery_id}/retry",
    tag = "Webhooks",
    security(("api_token" = [])),
    params(
        ("id" = i64, Path, description = "The webhook's number"),
        ("delivery_id" = i64, Path, description = "The delivery's number"),
    ),
    responses(
        (status = 202, description = "It is due now", body = DeliveryOut),
        (status = 404, description = "There is no such webhook or delivery", body = DetailOut),
        (status = 422, description = "It has succeeded, or the webhook is not active",
            body = DetailOut),
        RefusedInDetail,
    ),
)]
pub(super) async fn retry_delivery(
    State(engine): State<Engine>,
    Path((id, delivery_id)): Path<(String, String)>,
) -> Result<(StatusCode, Json<DeliveryOut>), Problem> {
    let id = number(&id)?;
    let delivery_id = delivery_id.parse().map_err(|_| webhooks::Error::NotFound("Delivery"))?;
    let shown = webhooks::retry(&engine.store, id, delivery_id, engine.clock.now()).await?;
    Ok((StatusCode::ACCEPTED, Json(shown.into())))
}

/// Send a test
///
/// The event `webhook.test` with the webhook's number and a message. It is tried as any other.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/test",
    tag = "Webhooks",
    security(("api_token" = [])),
    params(("id" = i64, Path, description = "The webhook's number")),
    responses(
        (status = 202, description = "It is being sent", body = TestOut),
        (status = 404, description = "There is no such webhook", body = DetailOut),
        (status = 422, description = "The webhook is not active", body = DetailOut),
        RefusedInDetail,
    ),
)]
pub(super) async fn test_webhook(
    State(engine): State<Engine>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<TestOut>), Problem> {
    let event_id = webhooks::test(&engine, number(&id)?).await?;
    Ok((StatusCode::ACCEPTED, Json(TestOut { event_id })))
}

/// Send the events of some time once more
///
/// Those of the webhook's type, up to 100,000, each under the `webhook-id` that it had before.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/replay",
    tag = "Webhooks",
    security(("api_token" = [])),
    params(("id" = i64, Path, description = "The webhook's number")),
    request_body(content = ReplayIn, example = json!({
        "since": "2026-01-15T10:00:00Z", "until": "2026-01-15T12:00:00Z"
    })),
    responses(
        (status = 202, description = "They are being sent", body = ReplayOut),
        (status = 400, description = "The body is not of this shape", body = DetailOut),
        (status = 404, description = "There is no such webhook", body = DetailOut),
        (status = 413, description = "The body is larger than 1 MiB", body = DetailOut),
        (status = 422, description = "A time is none, there are too many events, or the webhook is \
            not active", body = DetailOut),
        RefusedInDetail,
    ),
)]
pub(super) async fn replay_webhook(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    body::Json(asked): body::Json<ReplayIn>,
) -> Result<(StatusCode, Json<ReplayOut>), Problem> {
    let id = number(&id)?;
    let since = time("since", &asked.since)?;
    let until = match &asked.until {
        Some(until) => time("until", until)?,
        // What is written in this millisecond is meant as well.
        None => engine.clock.now() + 1,
    };
    let deliveries = webhooks::replay(&engine, id, since, until).await?;
    Ok((StatusCode::ACCEPTED, Json(ReplayOut { deliveries })))
}

fn time(field: &str, text: &str) -> Result<Millis, Problem> {
    let sentence = || format!("{field} must be a time such as 2026-01-15T10:00:00Z.");
    from_rfc3339(text).ok_or_else(|| Problem::unprocessable(sentence()))
}
