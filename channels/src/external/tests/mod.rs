//! The external API, as its callers see it.

mod messages;
mod parse;
mod shapes;
mod tickets;

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, request};
use serde_json::Value;
use tower::ServiceExt;

use super::External;
use crate::testing::ScriptedInbox;
use crate::testing::conformance::{self, Garbage, Webhook};
use crate::{Caller, Channel, Problem};

const KEY: &str = ScriptedInbox::KEY;
const CALLER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9));

/// What a request was answered: its JSON, or its refusal.
async fn call(inbox: &Arc<ScriptedInbox>, mut request: Request<Body>) -> Result<String, Problem> {
    request.extensions_mut().insert(Caller(CALLER));
    let (router, _) = External.routes(inbox.clone()).split_for_parts();
    let response = router.oneshot(request).await.unwrap();
    if let Some(problem) = response.extensions().get::<Problem>() {
        assert_eq!(problem.status, response.status());
        return Err(problem.clone());
    }
    assert_eq!(response.status(), StatusCode::OK);
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

fn post() -> request::Builder {
    Request::post("/tickets/api/external/message")
}

fn with_body(request: request::Builder, body: &Value) -> Request<Body> {
    request.body(Body::from(body.to_string())).unwrap()
}

#[tokio::test]
async fn the_channel_keeps_the_promises_of_every_channel() {
    let channel = Arc::new(External);
    let message = r#"{"user_identifier": "u", "text": "Good day!", "external_id": "crm-1"}"#;
    let webhook = Webhook::new(channel.clone(), Garbage::Refused, message, |body| {
        let request = post().header("X-API-Key", KEY).header("Idempotency-Key", "first");
        request.body(Body::from(body)).unwrap()
    });
    conformance::check(channel, &webhook).await;
}

#[tokio::test]
async fn answers_are_fetched_and_never_sent() {
    let out = crate::Outgoing {
        key: "1".to_owned(),
        ticket_id: 1,
        conversation: None,
        recipient: "u".to_owned(),
        in_reply_to: None,
        subject: None,
        text: "Hello".to_owned(),
        language: "ru".to_owned(),
        offers_operator: false,
        attachments: Vec::new(),
    };
    let refused = External.send(&out).await.unwrap_err();
    assert_eq!(refused.kind, crate::Kind::Refused);
    assert_eq!(External.delivery(), crate::Delivery::Pull);
}
