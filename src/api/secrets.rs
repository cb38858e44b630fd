//! What signs a webhook's deliveries.

use axum::Json;
use axum::extract::{Path, State};
use centrium_channels::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body;
use super::refusal::{DetailOut, RefusedInDetail};
use super::webhooks::{WebhookOut, number};
use crate::clock::rfc3339;
use crate::engine::Engine;
use crate::ingest::clean_text;
use crate::webhooks;

/// The new secret.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct SecretIn {
    /// Without it, one is made.
    #[serde(default)]
    secret: Option<String>,
}

/// A rotation.
#[derive(Serialize, ToSchema)]
pub(super) struct SecretOut {
    /// The new secret where it was made here. It is shown this once.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: Option<String>,
    /// Until when the old secret signs beside the new one; null where there was none.
    previous_secret_until: Option<String>,
    /// The webhook.
    webhook: WebhookOut,
}

/// Rotate a webhook's secret
///
/// For 24 hours the old secret signs beside the new one, so that no delivery is refused while the
/// receiver is given the new one.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/rotate-secret",
    tag = "Webhooks",
    security(("api_token" = [])),
    params(("id" = i64, Path, description = "The webhook's number")),
    request_body(content = Option<SecretIn>, example = json!({})),
    responses(
        (status = 200, description = "The webhook signs with the new secret", body = SecretOut),
        (status = 400, description = "The body is not of this shape", body = DetailOut),
        (status = 404, description = "There is no such webhook", body = DetailOut),
        (status = 413, description = "The body is larger than 1 MiB", body = DetailOut),
        (status = 422, description = "This can't be a secret", body = DetailOut),
        RefusedInDetail,
    ),
)]
pub(super) async fn rotate_webhook_secret(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    given: Option<body::Json<SecretIn>>,
) -> Result<Json<SecretOut>, Problem> {
    let given = given.and_then(|body::Json(given)| given.secret).map(clean_text);
    let (webhook, secret) = webhooks::rotate(&engine, number(&id)?, given).await?;
    let previous_secret_until = webhook.previous_until.map(rfc3339);
    Ok(Json(SecretOut { secret, previous_secret_until, webhook: webhook.into() }))
}
