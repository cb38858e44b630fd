//! `/ws`: events as they happen.

mod line;
mod sending;
mod upgrade;

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use centrium_channels::{Caller, Problem};
use secrecy::SecretString;
use tokio::time::timeout;

use super::auth::bearer;
use super::query::Query;
use super::refusal::ErrorOut;
use crate::access::Want;
use crate::engine::Engine;
use crate::events::{Filter, Follower, KINDS, kind};
use line::{Greeting, Line};
use upgrade::Upgrade;

/// How long a client waits for the log before it hears 503.
const PATIENCE: Duration = Duration::from_secs(8);

/// Follow events live
///
/// A WebSocket. The first frame is
/// `{"type":"connection","status":"connected","message":"WebSocket connection established"}`, then
/// each event comes as `{"type","payload","timestamp","id"}`, `timestamp` in UTC to the second, in the
/// order of the ids. `{"type":"ping"}` is answered `{"type":"pong"}`. A client that comes back with
/// `after` gets what it has missed first. Closed with 1001 when the engine stops, 1008 when the key is
/// no longer valid, 4008 when the client was too slow, 4009 when nothing was heard of it for 90 s.
#[utoipa::path(
    get,
    path = "/ws",
    tag = "Events",
    params(
        ("token" = Option<String>, Query, description = "API_TOKEN, or a key of scope `live` or `read`"),
        ("api_key" = Option<String>, Query, description = "The same by another name"),
        ("after" = Option<i64>, Query, minimum = 0,
            description = "The id of the last event that was seen: what came after it is sent first"),
        ("types" = Option<String>, Query, example = "ticket.created,ticket.escalated",
            description = "Only events of these types"),
        ("ticket" = Option<i64>, Query, minimum = 1, description = "Only events of this ticket"),
        ("position" = Option<bool>, Query,
            description = "Whether a frame `{\"type\":\"position\",\"id\":N}` says first with which \
                `after` to come back before an event was seen"),
    ),
    responses(
        (status = 101, description = "The WebSocket is open"),
        (status = 400, description = "A wrong value, or no WebSocket was asked for", body = ErrorOut),
        (status = 401, description = "No key, or one that does not open this", body = ErrorOut),
        (status = 426, description = "No WebSocket was asked for", body = ErrorOut),
        (status = 429, description = "Too many requests with this key; `Retry-After` says how long \
            to wait", body = ErrorOut),
        (status = 503, description = "The database can't be read", body = ErrorOut),
    ),
)]
pub(super) async fn open_socket(
    State(engine): State<Engine>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
    query: Query,
    upgrade: Result<Upgrade, Problem>,
) -> Result<Response, Problem> {
    let key = query.get("token").or(query.get("api_key")).or(bearer(&headers));
    let address = caller.map(|Extension(Caller(address))| address);
    engine.access.check(key, Want::Live, address).await?;
    let key = SecretString::from(key.unwrap_or_default());
    let (filter, after) = (filter(&query)?, after(&query)?);
    let shows_position = query.one_of("position")?.unwrap_or(false);
    let upgrade = upgrade?;

    let begun = timeout(PATIENCE, Follower::begin(engine.tail.clone(), filter, after)).await;
    let (follower, unknown) = begun.map_err(|_| unreadable())??;
    let greeting = Greeting { unknown, shows_position };
    // A stop waits until it is told to the client.
    let tracker = engine.tracker.clone();
    let lines = engine.lines.clone();
    Ok(upgrade.open(&lines, move |socket| {
        let line = Line::new(engine, socket, key);
        tracker.track_future(line.serve(follower, greeting))
    }))
}

fn filter(query: &Query) -> Result<Filter, Problem> {
    let known = |name: &str| {
        kind(name).ok_or_else(|| {
            let (name, all) = (name.chars().take(50).collect::<String>(), KINDS.join(", "));
            Problem::bad_request(format!("There is no event type \"{name}\"; there are {all}."))
        })
    };
    let kinds =
        query.get("types").map(|types| types.split(',').map(str::trim).map(known).collect());
    Ok(Filter { kinds: kinds.transpose()?, ticket_id: number(query, "ticket", 1)? })
}

fn after(query: &Query) -> Result<Option<i64>, Problem> {
    number(query, "after", 0)
}

fn number(query: &Query, name: &str, least: i64) -> Result<Option<i64>, Problem> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| *number >= least);
    let wrong = || Problem::bad_request(format!("{name} must be a whole number, {least} or more."));
    number.map(Some).ok_or_else(wrong)
}

fn unreadable() -> Problem {
    let sentence = "The events can't be read right now. Please come again in a moment.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, sentence)
}
