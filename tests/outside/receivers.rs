//! Deliveries are checked by those they are for: the document's own programs, the official
//! packages, and the receivers of docs/examples.

use super::deliveries::{delivery, post, status};
use super::{Program, file, python};

/// What the document's receiver has for a secret.
const DOCUMENTS: &str = "your-secret";
const BASE64: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[tokio::test]
async fn the_documents_receiver_and_verifier_say_yes() {
    let script = file("tests/outside/programs/receivers.py");
    let receivers = Program::listening(&[&python(), &script], &[]).await;
    for path in ["document/webhook", "verifier"] {
        let url = format!("http://{}/{path}", receivers.address);
        let attempt = post(delivery(url.clone(), DOCUMENTS, None)).await;
        assert!(attempt.is_success(), "{attempt:?}: {}", receivers.printed());
        assert_eq!(status(delivery(url.clone(), DOCUMENTS, Some("older"))).await / 100, 2);
        assert_eq!(status(delivery(url.clone(), "newer", Some(DOCUMENTS))).await, 401);
        assert_eq!(status(delivery(url, "wrong", None)).await, 401);
    }
    assert_eq!(receivers.printed().matches("new user 123").count(), 2);
    // Types that the document's receiver does nothing with, and one that it does.
    let url = format!("http://{}/document/webhook", receivers.address);
    for (kind, payload) in [
        ("payment.completed", r#"{"amount":10.50,"currency":"₸"}"#),
        ("ticket.message_added", r#"{"ticket_id":1,"text":"line\n\tline\u2028","attachments":[]}"#),
        ("webhook.test", r#"{"message":"","webhook_id":3}"#),
    ] {
        let mut request = delivery(url.clone(), DOCUMENTS, None);
        (request.event_type, request.payload) = (kind.into(), payload.into());
        let attempt = post(request).await;
        assert_eq!(attempt.body, r#"{"status":"ok"}"#, "{attempt:?}");
    }
    receivers.wait_for("payment 10.5").await;
}

#[tokio::test]
async fn standard_webhooks_of_python_says_yes() {
    let script = file("tests/outside/programs/receivers.py");
    let receivers = Program::listening(&[&python(), &script], &[]).await;
    official(&format!("http://{}/standard", receivers.address)).await;
}

#[tokio::test]
async fn standard_webhooks_of_npm_says_yes() {
    let script = file("tests/outside/programs/standard.cjs");
    let receiver = Program::listening(&["node", &script], &[]).await;
    official(&format!("http://{}/", receiver.address)).await;
}

/// An official package, which checks with the secret that it is told in the address.
async fn official(url: &str) {
    let checks = |with: &str| format!("{url}?secret={with}");
    for secret in [BASE64, "your-secret", "with+plus"] {
        let url = checks(&secret.replace('+', "%2B"));
        assert_eq!(status(delivery(url.clone(), secret, None)).await, 204, "{secret}");
        assert_eq!(status(delivery(url, OTHER, None)).await, 401, "{secret}");
    }
    // A rotation: whoever has the new secret says yes, and whoever still has the old one as well.
    for secret in [BASE64, "your-secret"] {
        assert_eq!(status(delivery(checks(secret), secret, Some(OTHER))).await, 204);
        assert_eq!(status(delivery(checks(secret), OTHER, Some(secret))).await, 204);
        assert_eq!(status(delivery(checks(secret), OTHER, Some("third"))).await, 401);
    }
    let mut late = delivery(checks(BASE64), BASE64, None);
    late.now -= 400_000;
    assert_eq!(status(late).await, 401, "a recorded delivery is refused later");
}

#[tokio::test]
async fn the_example_in_python_works() {
    let script = file("docs/examples/receiver.py");
    example(&["python3", &script]).await;
}

#[tokio::test]
async fn the_example_in_javascript_works() {
    let script = file("docs/examples/receiver.mjs");
    example(&["node", &script]).await;
}

#[tokio::test]
async fn the_example_in_php_works() {
    let script = file("docs/examples/receiver.php");
    example(&["php", "-S", "{address}", &script]).await;
}

/// An example says yes to what is signed, with either secret of a rotation, and takes an event
/// once.
async fn example(command: &[&str]) {
    for secret in [BASE64, "your-secret"] {
        let receiver = Program::listening(command, &[("WEBHOOK_SECRET", secret)]).await;
        let url = format!("http://{}/", receiver.address);
        let mut request = delivery(url.clone(), OTHER, None);
        request.event_id = 1;
        assert_eq!(status(request).await, 401);
        let mut unsigned = delivery(url.clone(), secret, None);
        unsigned.secret = None;
        assert_eq!(status(unsigned).await, 401);
        let mut late = delivery(url.clone(), secret, None);
        late.now -= 400_000;
        assert_eq!(status(late).await, 401);
        for previous in [None, Some(OTHER)] {
            assert_eq!(status(delivery(url.clone(), secret, previous)).await, 204);
        }
        assert_eq!(status(delivery(url.clone(), OTHER, Some(secret))).await, 204);
        receiver.wait_for("user.created").await;
        let mut next = delivery(url, secret, None);
        (next.event_id, next.event_type) = (18, "ticket.created".into());
        assert_eq!(status(next).await, 204);
        receiver.wait_for("ticket.created").await;
        let printed = receiver.printed();
        assert_eq!(printed.matches("user.created").count(), 1, "{printed}");
    }
}
