//! Both signatures of a delivery.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// As headers have them.
pub struct Signed {
    pub document: String,
    pub standard: String,
}

/// Signs the body, and the body behind its id and the time.
pub fn both(secret: &str, id: &str, timestamp: i64, body: &str) -> Signed {
    let hex: String = mac(secret, body).iter().map(|byte| format!("{byte:02x}")).collect();
    let standard = STANDARD.encode(mac(secret, &format!("{id}.{timestamp}.{body}")));
    Signed { document: format!("sha256={hex}"), standard: format!("v1,{standard}") }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn mac(secret: &str, message: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().into()
}
