//! The headers of a delivery: those of the user's document, and those of Standard Webhooks
//! (<https://www.standardwebhooks.com>), so that a receiver of either kind can check it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::send::Request;

const EVENT: HeaderName = HeaderName::from_static("x-webhook-event");
const WEBHOOK: HeaderName = HeaderName::from_static("x-webhook-id");
const SIGNATURE: HeaderName = HeaderName::from_static("x-webhook-signature");
const PREVIOUS: HeaderName = HeaderName::from_static("x-webhook-signature-previous");
const STANDARD_ID: HeaderName = HeaderName::from_static("webhook-id");
const STANDARD_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const STANDARD_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// What a Standard Webhooks secret in base64 begins with.
const PREFIX: &str = "whsec_";

/// All headers of a delivery whose body is `body`.
///
/// - `X-Webhook-Event`, `X-Webhook-Id`: the event's type and the webhook's id.
/// - `webhook-id`: `evt_` and the event's id, the same over all tries; `webhook-timestamp`: Unix
///   seconds of this try.
/// - With a secret `X-Webhook-Signature: sha256=HEX` over the body, and `webhook-signature:
///   v1,BASE64` over `{id}.{timestamp}.{body}`. While an older secret is still good,
///   `webhook-signature` holds a second one after a blank, and the older one's HEX is in
///   `X-Webhook-Signature-Previous`.
///
/// # Errors
/// The event's type can't stand in a header.
pub(super) fn headers(request: &Request, body: &str) -> Result<HeaderMap, InvalidHeaderValue> {
    let id = format!("evt_{}", request.event_id);
    let timestamp = request.now.div_euclid(1000);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(EVENT, HeaderValue::from_str(&request.event_type)?);
    headers.insert(WEBHOOK, HeaderValue::from(request.webhook_id));
    headers.insert(STANDARD_ID, HeaderValue::from_str(&id)?);
    headers.insert(STANDARD_TIMESTAMP, HeaderValue::from(timestamp));
    let Some(secret) = &request.secret else { return Ok(headers) };
    headers.insert(SIGNATURE, HeaderValue::from_str(&document(secret, body))?);
    let signed = format!("{id}.{timestamp}.{body}");
    let mut signatures = standard(secret, &signed);
    if let Some(previous) = &request.previous_secret {
        headers.insert(PREVIOUS, HeaderValue::from_str(&document(previous, body))?);
        signatures = format!("{signatures} {}", standard(previous, &signed));
    }
    headers.insert(STANDARD_SIGNATURE, HeaderValue::from_str(&signatures)?);
    Ok(headers)
}

/// The document's signature: HMAC-SHA256 with the secret's UTF-8 bytes, whatever it begins with.
fn document(secret: &SecretString, body: &str) -> String {
    let mac = hmac(secret.expose_secret().as_bytes(), body.as_bytes());
    let mut signature = String::with_capacity("sha256=".len() + 2 * mac.len());
    signature.push_str("sha256=");
    for byte in mac {
        let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
        signature.extend(digits.into_iter().flatten());
    }
    signature
}

/// The signature of Standard Webhooks.
fn standard(secret: &SecretString, signed: &str) -> String {
    format!("v1,{}", STANDARD.encode(hmac(&standard_key(secret), signed.as_bytes())))
}

/// What follows `whsec_`, decoded; of every other secret its UTF-8 bytes.
fn standard_key(secret: &SecretString) -> Vec<u8> {
    let secret = secret.expose_secret();
    let decoded = secret
        .strip_prefix(PREFIX)
        .and_then(|encoded| STANDARD_NO_PAD.decode(encoded.trim_end_matches('=')).ok());
    decoded.unwrap_or_else(|| secret.as_bytes().to_vec())
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification, made with its authors' own program.
    #[test]
    fn the_vector_of_standard_webhooks() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        assert_eq!(standard(&secret, signed), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    /// RFC 4231, test case 2.
    #[test]
    fn the_vector_of_hmac() {
        let hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let signature = document(&"Jefe".into(), "what do ya want for nothing?");
        assert_eq!(signature, format!("sha256={hex}"));
    }

    #[test]
    fn a_key_is_decoded_where_it_says_so_and_can_be() {
        for (secret, key) in [
            ("whsec_AQID", &[1, 2, 3][..]),
            ("whsec_AQI=", &[1, 2]),
            ("whsec_AQI", &[1, 2]),
            ("AQID", b"AQID"),
            ("whsec_пароль", "whsec_пароль".as_bytes()),
        ] {
            assert_eq!(standard_key(&secret.into()), key, "{secret}");
        }
    }

    fn request(secret: Option<&str>, previous: Option<&str>) -> Request {
        Request {
            webhook_id: 7,
            url: "https://example.com/".into(),
            event_type: "ticket.created".into(),
            event_id: 41,
            payload: "{}".into(),
            secret: secret.map(SecretString::from),
            previous_secret: previous.map(SecretString::from),
            now: 1_700_000_000_999,
        }
    }

    fn names(secret: Option<&str>, previous: Option<&str>) -> Vec<String> {
        let headers = headers(&request(secret, previous), "{}").unwrap();
        let mut names: Vec<_> = headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_is_signed_without_a_secret() {
        let unsigned =
            ["content-type", "webhook-id", "webhook-timestamp", "x-webhook-event", "x-webhook-id"];
        assert_eq!(names(None, None), unsigned);
        assert_eq!(names(None, Some("older")), unsigned);
        assert_eq!(names(Some("secret"), None).len(), unsigned.len() + 2);
    }

    #[test]
    fn both_secrets_sign_during_a_rotation() {
        let new = headers(&request(Some("new"), None), "{}").unwrap();
        let old = headers(&request(Some("old"), None), "{}").unwrap();
        let both = headers(&request(Some("new"), Some("old")), "{}").unwrap();
        let text =
            |headers: &HeaderMap, name: &HeaderName| headers[name].to_str().unwrap().to_owned();
        assert_eq!(both[SIGNATURE], new[SIGNATURE]);
        assert_eq!(both[PREVIOUS], old[SIGNATURE]);
        let standard = |headers| text(headers, &STANDARD_SIGNATURE);
        assert_eq!(standard(&both), format!("{} {}", standard(&new), standard(&old)));
        assert_eq!(text(&both, &STANDARD_ID), "evt_41");
        assert_eq!(text(&both, &STANDARD_TIMESTAMP), "1700000000");
        assert_eq!(text(&both, &WEBHOOK), "7");
    }
}
