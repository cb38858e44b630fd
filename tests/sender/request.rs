//! What is sent.

use super::receiver::{Answer, Receiver};
use super::{request, sender};

#[tokio::test]
async fn a_delivery_has_the_documents_body_and_headers() {
    let receiver = Receiver::start(Answer::status("204 No Content", "", b"")).await;
    let mut request = request(receiver.url("/hook?a=1"));
    request.secret = Some("your-secret".into());
    let attempt = sender().post(request).await;
    assert!(attempt.is_success(), "{attempt:?}");
    assert_eq!(attempt.status, Some(204));
    let [received] = &receiver.requests()[..] else { panic!("not one request") };
    assert_eq!(received.line, "POST /hook?a=1 HTTP/1.1");
    let body = r#"{"price": 1e+16, "subject": "\u0422\u0435\u0441\u0442", "ticket_id": 5}"#;
    assert_eq!(received.body, body);
    let mut headers = received.headers.clone();
    let mut take = |name: &str| headers.remove(name).unwrap_or_default();
    assert_eq!(take("content-type"), "application/json");
    assert_eq!(take("content-length"), body.len().to_string());
    assert_eq!(take("user-agent"), concat!("Centrium/", env!("CARGO_PKG_VERSION")));
    assert_eq!(take("x-webhook-event"), "ticket.created");
    assert_eq!(take("x-webhook-id"), "7");
    assert_eq!(take("webhook-id"), "evt_41");
    assert_eq!(take("webhook-timestamp"), "1700000000");
    // Both were made with Python's hmac module.
    assert_eq!(take("x-webhook-signature"), SIGNATURE);
    assert_eq!(take("webhook-signature"), STANDARD_SIGNATURE);
    assert_eq!(take("accept"), "*/*");
    assert!(receiver.url("/").contains(&take("host")));
    assert!(headers.is_empty(), "more than that: {headers:?}");
}

const SIGNATURE: &str = "sha256=a9918f77182f8c400e625b7f87b30d0ea6bdb03f0f6d4f03bae4b001c9023607";
const STANDARD_SIGNATURE: &str = "v1,LIxNodX3AgzLO9oeT6p/dIaaT7T/XHHYkVs+R9cbmpQ=";

#[tokio::test]
async fn a_connection_serves_many_deliveries_and_remembers_nothing() {
    let receiver = Receiver::start(Answer::status("200 OK", "Set-Cookie: a=b\r\n", b"ok")).await;
    let sender = sender();
    for _ in 0..10 {
        assert!(sender.post(request(receiver.url("/"))).await.is_success());
    }
    assert_eq!(receiver.connections(), 1);
    let requests = receiver.requests();
    assert_eq!(requests.len(), 10);
    assert!(requests.iter().all(|request| !request.headers.contains_key("cookie")));
}

#[tokio::test]
async fn a_payload_that_is_no_json_is_not_sent() {
    let receiver = Receiver::start(Answer::status("200 OK", "", b"")).await;
    let mut request = request(receiver.url("/"));
    request.payload = "{".into();
    let attempt = sender().post(request).await;
    assert!(attempt.error.unwrap().starts_with("The text is not JSON"));
    assert_eq!(receiver.connections(), 0);
}
