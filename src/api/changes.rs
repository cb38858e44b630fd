//! What an operator changes of a ticket.

use std::fmt::Display;
use std::str::FromStr;

use axum::Json;
use axum::extract::{Path, State};
use centrium_channels::Problem;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::body;
use super::ids::number;
use super::refusal::{ErrorOut, Refused};
use super::tickets::shape;
use crate::engine::Engine;
use crate::tickets::change::Change;
use crate::tickets::shapes::TicketOut;
use crate::tickets::{Priority, Status, change, operator};

/// What shall be different. What is not given stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct TicketPatch {
    /// Where the ticket is in its life.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Status, required = false)]
    status: Option<Option<String>>,
    /// How urgent it is.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Priority, required = false)]
    priority: Option<Option<String>>,
    /// One of the configured categories; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    category: Option<Option<String>>,
    /// One of the configured departments; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    department: Option<Option<String>>,
    /// The person who deals with it, up to 100 characters; null for nobody, and the assistant
    /// answers again.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    operator: Option<Option<String>>,
    /// Whether a human must come.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = bool, required = false)]
    needs_escalation: Option<Option<bool>>,
}

/// Who comes or goes.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct OperatorIn {
    /// A person's name, up to 100 characters.
    #[serde(default)]
    operator: Option<String>,
}

/// Tells a field that is null from one that is not there.
pub(super) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    field: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

impl TicketPatch {
    fn read(self) -> Result<Change, Problem> {
        Ok(Change {
            status: word("status", self.status)?,
            priority: word("priority", self.priority)?,
            category: self.category,
            department: self.department,
            operator: self.operator,
            needs_escalation: present("needs_escalation", self.needs_escalation)?,
        })
    }
}

fn word<T>(name: &str, value: Option<Option<String>>) -> Result<Option<T>, Problem>
where
    T: FromStr<Err: Display>,
{
    let understood = |text: String| {
        text.parse().map_err(|rule| Problem::unprocessable(format!("{name}: {rule}.")))
    };
    present(name, value)?.map(understood).transpose()
}

pub(super) fn present<T>(name: &str, value: Option<Option<T>>) -> Result<Option<T>, Problem> {
    match value {
        Some(None) => Err(Problem::unprocessable(format!("{name} can't be null."))),
        Some(value) => Ok(value),
        None => Ok(None),
    }
}

/// Change a ticket
///
/// All of it, or nothing. Calling for a human on a closed ticket opens it.
#[utoipa::path(
    patch,
    path = "/api/tickets/{id}",
    tag = "Tickets",
    security(("api_token" = [])),
    params(("id" = i64, Path, description = "The ticket's number")),
    request_body(content = TicketPatch,
        example = json!({ "status": "in_progress", "priority": "high", "operator": "Айгерим" })),
    responses(
        (status = 200, description = "The ticket as it is now", body = TicketOut),
        (status = 400, description = "The body is not of this shape", body = ErrorOut),
        (status = 404, description = "There is no such ticket", body = ErrorOut),
        (status = 413, description = "The body is larger than 1 MiB", body = ErrorOut),
        (status = 422, description = "A value is none that this field may have", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn change_ticket(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    body::Json(patch): body::Json<TicketPatch>,
) -> Result<Json<TicketOut>, Problem> {
    let id = number(&id, "ticket")?;
    let ticket = change::change(&engine, id, patch.read()?).await?;
    Ok(Json(shape(&*engine.store.read().await?, ticket).await?))
}

/// Take a ticket over
///
/// From now on the assistant only drafts, until who joined first leaves, or the ticket's operator
/// does, or the ticket is closed. The first operator to join is the ticket's, unless it has one
/// already; a second one may join too. A closed ticket opens. Without a name it is `api` that
/// joins. Writing to the customer is joining as well.
#[utoipa::path(
    post,
    path = "/api/tickets/{id}/join",
    tag = "Tickets",
    security(("api_token" = [])),
    params(("id" = i64, Path, description = "The ticket's number")),
    request_body(content = Option<OperatorIn>, example = json!({ "operator": "Айгерим" })),
    responses(
        (status = 200, description = "The ticket as it is now", body = TicketOut),
        (status = 400, description = "The body is not of this shape", body = ErrorOut),
        (status = 404, description = "There is no such ticket", body = ErrorOut),
        (status = 413, description = "The body is larger than 1 MiB", body = ErrorOut),
        (status = 422, description = "The name is empty or too long", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn join_ticket(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    body: Option<body::Json<OperatorIn>>,
) -> Result<Json<TicketOut>, Problem> {
    let id = number(&id, "ticket")?;
    let name = body.and_then(|body| body.0.operator);
    let ticket = operator::join(&engine, id, name.as_deref()).await?;
    Ok(Json(shape(&*engine.store.read().await?, ticket).await?))
}

/// Leave a ticket to the assistant
///
/// Without a name all leave: the ticket is nobody's, and the assistant answers again. So it is when
/// the ticket's operator leaves. When somebody else leaves who had joined first, because the
/// ticket's operator never came, the assistant answers again and the ticket stays its operator's.
/// Anybody else's leaving changes nothing.
#[utoipa::path(
    post,
    path = "/api/tickets/{id}/leave",
    tag = "Tickets",
    security(("api_token" = [])),
    params(("id" = i64, Path, description = "The ticket's number")),
    request_body(content = Option<OperatorIn>, example = json!({ "operator": "Айгерим" })),
    responses(
        (status = 200, description = "The ticket as it is now", body = TicketOut),
        (status = 400, description = "The body is not of this shape", body = ErrorOut),
        (status = 404, description = "There is no such ticket", body = ErrorOut),
        (status = 413, description = "The body is larger than 1 MiB", body = ErrorOut),
        (status = 422, description = "The name is empty or too long", body = ErrorOut),
        Refused,
    ),
)]
pub(super) async fn leave_ticket(
    State(engine): State<Engine>,
    Path(id): Path<String>,
    body: Option<body::Json<OperatorIn>>,
) -> Result<Json<TicketOut>, Problem> {
    let id = number(&id, "ticket")?;
    let name = body.and_then(|body| body.0.operator);
    let ticket = operator::leave(&engine, id, name.as_deref()).await?;
    Ok(Json(shape(&*engine.store.read().await?, ticket).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Change, Problem> {
        body::parse::<TicketPatch>(body.as_bytes())?.read()
    }

    fn status(body: &str) -> u16 {
        read(body).unwrap_err().status.as_u16()
    }

    #[test]
    fn null_clears_and_absent_keeps() {
        let change = read(r#"{"category":null,"status":"closed","unknown":1}"#).unwrap();
        let expected =
            Change { category: Some(None), status: Some(Status::Closed), ..Change::default() };
        assert_eq!(change, expected);
        assert_eq!(read("{}").unwrap(), Change::default());
    }

    #[test]
    fn a_wrong_shape_is_400_and_a_wrong_value_422() {
        for shape in ["", "[]", r#"{"status":5}"#, r#"{"needs_escalation":"yes"}"#] {
            assert_eq!(status(shape), 400, "{shape}");
        }
        for value in [
            r#"{"status":"open"}"#,
            r#"{"status":null}"#,
            r#"{"priority":null}"#,
            r#"{"priority":"urgent"}"#,
            r#"{"needs_escalation":null}"#,
        ] {
            assert_eq!(status(value), 422, "{value}");
        }
        let refused = read(r#"{"priority":"urgent"}"#).unwrap_err();
        assert_eq!(refused.sentence, "priority: a priority is one of low, medium, high.");
    }
}
