//! `GET /tickets/api/external/tickets/{id}`.

use axum::body::Body;
use axum::http::{Request, StatusCode, request};
use serde_json::json;

use super::{KEY, call};
use crate::ChannelKind;
use crate::testing::ScriptedInbox;

fn get(id: &str) -> request::Builder {
    Request::get(format!("/tickets/api/external/tickets/{id}"))
}

#[tokio::test]
async fn a_ticket_of_this_channel_is_read_with_a_key_in_a_header() {
    let inbox = ScriptedInbox::new();
    inbox.put_ticket(ChannelKind::Api, 7, json!({"id": 7, "messages": []}));
    for (header, value) in
        [("X-API-Key", KEY.to_owned()), ("Authorization", format!("Bearer {KEY}"))]
    {
        let request = get("7").header(header, value).body(Body::empty()).unwrap();
        assert_eq!(call(&inbox, request).await.unwrap(), r#"{"id":7,"messages":[]}"#);
    }
}

#[tokio::test]
async fn without_a_right_header_it_is_401_whatever_the_id_and_the_query() {
    let inbox = ScriptedInbox::new();
    inbox.put_ticket(ChannelKind::Api, 7, json!({"id": 7}));
    let in_query = format!("7?api_key={KEY}");
    for id in ["7", "8", "seven", in_query.as_str()] {
        for request in [get(id), get(id).header("X-API-Key", "wrong")] {
            let problem = call(&inbox, request.body(Body::empty()).unwrap()).await.unwrap_err();
            assert_eq!(problem.status, StatusCode::UNAUTHORIZED, "{id}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_also_when_it_is_no_number() {
    let inbox = ScriptedInbox::new();
    inbox.put_ticket(ChannelKind::Email, 8, json!({"id": 8}));
    for id in ["7", "8", "0", "-1", "seven", "7.0", "99999999999999999999", "%FF", "%00"] {
        let request = get(id).header("X-API-Key", KEY).body(Body::empty()).unwrap();
        let problem = call(&inbox, request).await.unwrap_err();
        assert_eq!(problem.status, StatusCode::NOT_FOUND, "{id}");
        assert_eq!(problem.sentence, "There is no such ticket.");
    }
}
