//! The documentation of this channel.

use std::sync::Arc;

use serde_json::Value;

use crate::external::External;
use crate::testing::ScriptedInbox;
use crate::{Channel, Inbox};

fn openapi() -> Value {
    let inbox: Arc<dyn Inbox> = ScriptedInbox::new();
    serde_json::to_value(External.routes(inbox).into_openapi()).unwrap()
}

#[test]
fn every_status_is_documented() {
    let statuses = |path: &str, method: &str| {
        let responses = openapi()["paths"][path][method]["responses"].clone();
        responses.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
    };
    let post = statuses("/tickets/api/external/message", "post");
    assert_eq!(post, "200 400 401 409 413 429 503");
    let get = statuses("/tickets/api/external/tickets/{id}", "get");
    assert_eq!(get, "200 401 404 429 503");
}

#[test]
fn the_shapes_have_examples_and_the_keys_are_named() {
    let components = &openapi()["components"];
    for shape in ["MessageIn", "ReplyOut", "Refusal"] {
        assert!(components["schemas"][shape]["example"].is_object(), "{shape}");
    }
    let key = &components["securitySchemes"]["external_key"];
    assert_eq!((&key["in"], &key["name"]), (&Value::from("header"), &Value::from("X-API-Key")));
    assert_eq!(components["securitySchemes"]["bearer"]["scheme"], "bearer");
}

#[test]
fn what_can_be_left_out_is_not_required() {
    let required = openapi()["components"]["schemas"]["MessageIn"]["required"].clone();
    assert_eq!(required, serde_json::json!(["user_identifier"]));
}

#[test]
fn a_refusal_may_carry_the_requests_id() {
    let refusal = openapi()["components"]["schemas"]["Refusal"].clone();
    assert_eq!(refusal["properties"]["request_id"]["type"], "string");
    assert_eq!(refusal["required"], serde_json::json!(["success", "error"]));
}
