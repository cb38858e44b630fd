//! What was decided in a ticket's turns, and why.

use axum::Json;
use axum::extract::{Path, State};
use centrium_channels::Problem;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::ids::number;
use super::query::Query;
use super::refusal::{ErrorOut, Refused};
use super::tickets::{before, no_ticket};
use crate::assistant::Basis;
use crate::clock::rfc3339;
use crate::engine::Engine;
use crate::store::decisions::{self, Decision};
use crate::store::names::{Outcome, Stale};
use crate::store::{Payload, messages, tickets};
use crate::tickets::{Priority, Status};

/// Messages of which decisions are shown at once.
const MESSAGES: i64 = 200;

/// What was decided on one message of the customer, and what came of it.
#[derive(Serialize, ToSchema)]
pub(super) struct DecisionOut {
    /// The customer's message.
    message_id: i64,
    /// The answer that they got; null where nothing was said.
    reply_id: Option<i64>,
    /// What came of it.
    outcome: Outcome,
    /// Why they did not get it, where it is a draft or was dropped.
    stale: Option<Stale>,
    /// Who decided: `builtin`, `model` (its name is in `basis`), or `engine` for acknowledgements.
    #[schema(example = "builtin")]
    assistant: String,
    /// That a human must come. Where something was said, this turn called one.
    needs_escalation: bool,
    /// Why, for the operator.
    reason: Option<String>,
    /// What the message is about.
    category: Option<String>,
    /// How urgent it is.
    priority: Option<Priority>,
    /// Who should deal with it.
    department: Option<String>,
    /// The message's language.
    language: Option<String>,
    /// Ids of the articles that the answer is made of.
    #[schema(value_type = Vec<String>)]
    sources: Value,
    /// What led to it.
    #[schema(value_type = Basis)]
    basis: Payload,
    /// The ticket's status after this turn.
    ticket_status: Status,
    /// How long the assistant thought, in milliseconds.
    latency_ms: i64,
    /// When it was stored.
    created_at: String,
}

/// Decisions of a ticket.
#[derive(Serialize, ToSchema)]
pub(super) struct DecisionList {
    /// Oldest first; those on the customer's newest 200 messages, or the newest 200 before `before`.
    items: Vec<DecisionOut>,
}

impl From<Decision> for DecisionOut {
    fn from(row: Decision) -> Self {
        Self {
            message_id: row.message_id,
            reply_id: row.reply_id,
            outcome: row.outcome,
            stale: row.stale,
            assistant: row.assistant,
            needs_escalation: row.needs_escalation,
            reason: row.reason,
            category: row.category,
            priority: row.priority,
            department: row.department,
            language: row.language,
            sources: row.sources,
            basis: row.basis,
            ticket_status: row.ticket_status,
            latency_ms: row.latency_ms,
            created_at: rfc3339(row.created_at),
        }
    }
}

/// Show what was decided in a ticket
///
/// For every turn what the assistant saw and decided, also where the customer was told nothing of
/// it. Kept for `DECISIONS_KEEP_DAYS`.
#[utoipa::path(
    get,
    path = "/api/tickets/{id}/decisions",
    tag = "Tickets",
    security(("api_token" = [])),
    params(
        ("id" = i64, Path, description = "The ticket's number"),
        ("before" = Option<i64>, Query, description = "Only on messages before the one of this id"),
    ),
    responses(
        (status = 200, description = "The decisions", body = DecisionList),
        (status = 400, description = "`before` is no id", body = ErrorOut),
        (status = 404, description = "There is no such ticket", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn list_decisions(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    query: Query,
) -> Result<Json<DecisionList>, Problem> {
    let (id, before) = (number(&id, "ticket")?, before(&query)?);

    let conn = engine.store.read().await?;
    let shown = async move {
        tickets::get(&conn, id).await?.ok_or_else(no_ticket)?;
        let asked = messages::newest_of_customer(&conn, id, before, MESSAGES).await?;
        let rows = decisions::of_messages(&conn, &asked).await?;
        Ok(Json(DecisionList { items: rows.into_iter().map(DecisionOut::from).collect() }))
    };
    engine.store.in_a_row(shown).await
}
