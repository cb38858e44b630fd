//! What leaves the machine for a webhook, and what may come back: real sockets on loopback.

mod answers;
mod receiver;
mod request;
mod targets;
mod tls;

use centrium::config::Config;
use centrium::webhooks::send::{Request, Sender};

/// A sender that may reach this machine, with a second for a whole try.
pub fn sender() -> Sender {
    Sender::new(&config(true, 1)).unwrap()
}

/// The options of a sender.
pub fn config(allow_private: bool, seconds: u64) -> Config {
    let (private, seconds) = (allow_private.to_string(), seconds.to_string());
    let variables = [
        ("WEBHOOK_ALLOW_PRIVATE", private.as_str()),
        ("WEBHOOK_TIMEOUT_SECONDS", seconds.as_str()),
    ];
    Config::with(&variables).unwrap()
}

/// A delivery of a small event, unsigned.
pub fn request(url: String) -> Request {
    Request {
        webhook_id: 7,
        url,
        event_type: "ticket.created".into(),
        event_id: 41,
        payload: r#"{"ticket_id":5,"subject":"Тест","price":1e16}"#.into(),
        secret: None,
        previous_secret: None,
        now: 1_700_000_000_999,
    }
}
