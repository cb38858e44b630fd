//! What is posted to the receivers.

use std::time::{SystemTime, UNIX_EPOCH};

use centrium::webhooks::send::{Attempt, Request, Sender};

use crate::sender::config;

/// A delivery of a new user, signed with these secrets, at this moment.
pub fn delivery(url: String, secret: &str, previous: Option<&str>) -> Request {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    Request {
        webhook_id: 3,
        url,
        event_type: "user.created".into(),
        event_id: 17,
        payload: USER.into(),
        secret: Some(secret.into()),
        previous_secret: previous.map(Into::into),
        now: now.try_into().unwrap(),
    }
}

/// The document's payload, with what makes printing it anew difficult.
const USER: &str = r#"{"user_id":123,"telegram_id":456789,"username":"testuser","first_name":
    "Тест \"😀\" </script>\u007f\ud83d","last_name":"","referral_code":"refABC123",
    "referred_by_id":null,"balance":1e16,"small":1e-7,"zero":-0.0,"whole":5.0,
    "big":123456789012345678901234567890,"ключ":[{"я":true},[]],"Zz":{}}"#;

/// Posts it.
pub async fn post(request: Request) -> Attempt {
    Sender::new(&config(true, 15)).unwrap().post(request).await
}

/// Posts it, and says with which status it was answered.
pub async fn status(request: Request) -> u16 {
    let attempt = post(request).await;
    attempt.status.unwrap_or_else(|| panic!("{attempt:?}"))
}
