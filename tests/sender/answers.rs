//! What a receiver may answer, and receivers that mean harm.

use std::time::Duration;

use centrium::webhooks::send::Attempt;
use tokio::net::TcpListener;

use super::receiver::{Answer, Receiver};
use super::{request, sender};

/// A whole try may take one second here; on a busy machine its end may be noticed later.
const SOON: Duration = Duration::from_secs(10);

async fn answered(answer: Answer) -> Attempt {
    let receiver = Receiver::start(answer).await;
    sender().post(request(receiver.url("/"))).await
}

async fn failed(answer: Answer) -> (Option<u16>, String) {
    let attempt = answered(answer).await;
    assert!(!attempt.is_success(), "{attempt:?}");
    assert!(attempt.took < SOON, "{attempt:?}");
    (attempt.status, attempt.error.unwrap())
}

#[tokio::test]
async fn every_2xx_is_a_success_and_its_text_is_kept() {
    for status in ["200 OK", "201 Created", "202 Accepted", "299 Whatever"] {
        let attempt = answered(Answer::status(status, "", "Принято\0\u{1F600}".as_bytes())).await;
        assert!(attempt.is_success(), "{attempt:?}");
        assert_eq!(attempt.status, status[..3].parse().ok());
        assert_eq!(attempt.body, "Принято\u{fffd}\u{1F600}");
    }
}

#[tokio::test]
async fn every_other_status_is_a_failure_with_a_sentence() {
    for (status, sentence) in [
        ("304 Not Modified", "The endpoint answered 304; redirects are not followed."),
        ("400 Bad Request", "The endpoint answered 400."),
        ("410 Gone", "The endpoint answered 410."),
        ("503 Service Unavailable", "The endpoint answered 503."),
    ] {
        let (number, said) = failed(Answer::status(status, "", b"")).await;
        assert_eq!(number, status[..3].parse().ok());
        assert_eq!(said, sentence);
    }
}

#[tokio::test]
async fn a_receiver_that_asks_for_a_pause_is_heard() {
    let answer = Answer::status("429 Too Many Requests", "Retry-After: 17\r\n", b"slowly");
    let attempt = answered(answer).await;
    assert_eq!(attempt.retry_after, Some(Duration::from_secs(17)));
    assert_eq!(attempt.body, "slowly");
    assert_eq!(answered(Answer::status("503 Busy", "", b"")).await.retry_after, None);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Receiver::start(Answer::status("200 OK", "", b"")).await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let location = format!("Location: {}\r\n", elsewhere.url("/"));
        let (number, said) = failed(Answer::status(status, &location, b"")).await;
        assert_eq!(number, status[..3].parse().ok());
        assert!(said.ends_with("redirects are not followed."), "{said}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_refused_connection_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let attempt = sender().post(request(format!("http://{address}/"))).await;
    assert_eq!(attempt.error.as_deref(), Some("The connection was refused."));
    assert_eq!(attempt.status, None);
}

#[tokio::test]
async fn silence_ends_in_time() {
    let (status, said) = failed(Answer::Bytes(Vec::new())).await;
    assert_eq!((status, said.as_str()), (None, "No answer came within 1 s."));
}

#[tokio::test]
async fn a_head_that_drips_ends_in_time() {
    let drip = Answer::Forever(b"HTTP/1.1 200 OK\r\n".to_vec(), b"A: b\r\n".to_vec(), DRIP);
    let (status, said) = failed(drip).await;
    assert_eq!(status, None, "{said}");
}

#[tokio::test]
async fn a_body_that_drips_ends_in_time() {
    let receiver = Receiver::start(Answer::endless(b"drop ", DRIP)).await;
    let attempt = sender().post(request(receiver.url("/"))).await;
    assert_eq!(attempt.error.as_deref(), Some("The answer did not end within 1 s."));
    assert_eq!(attempt.status, Some(200));
    assert!(attempt.body.starts_with("drop drop"), "{attempt:?}");
    assert!(attempt.took < SOON, "{attempt:?}");
    receiver.wait_until_cut_off().await;
}

const DRIP: Duration = Duration::from_millis(30);

#[tokio::test]
async fn a_head_without_end_is_not_kept() {
    let header = format!("A: {}\r\n", "b".repeat(8000)).into_bytes();
    let endless = Answer::Forever(b"HTTP/1.1 200 OK\r\n".to_vec(), header, Duration::ZERO);
    let receiver = Receiver::start(endless).await;
    let attempt = sender().post(request(receiver.url("/"))).await;
    assert!(!attempt.is_success() && attempt.status.is_none(), "{attempt:?}");
    receiver.wait_until_cut_off().await;
}

/// Not only ten megabytes: as much as anyone would take.
#[tokio::test]
async fn of_a_body_without_end_64_kib_are_read() {
    let receiver = Receiver::start(Answer::endless(&[b'x'; 10_000], Duration::ZERO)).await;
    let attempt = sender().post(request(receiver.url("/"))).await;
    assert!(attempt.is_success(), "{attempt:?}");
    assert_eq!(attempt.body, "x".repeat(1000));
    receiver.wait_until_cut_off().await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_a_failure() {
    let short = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec();
    let (status, said) = failed(Answer::Close(short)).await;
    assert_eq!(status, Some(200));
    assert_eq!(said, "The connection was closed before the answer ended.");
}

#[tokio::test]
async fn what_is_no_http_is_a_failure() {
    for bytes in [&b""[..], b"HTTP/1.1 ", b"220 mail.example.com ESMTP\r\n"] {
        let (status, said) = failed(Answer::Close(bytes.to_vec())).await;
        assert_eq!(status, None);
        assert!(said.starts_with("The connection was closed, or"), "{said}");
    }
}
