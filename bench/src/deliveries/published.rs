//! Another system that publishes events.

use serde_json::json;
use tokio::task::JoinSet;

use crate::Result;
use crate::asker::Asker;
use crate::program::API_TOKEN;

/// Callers that publish at the same time.
pub const CALLERS: u64 = 16;

/// Publishes so many events of some 270 bytes.
///
/// # Errors
/// When one is refused.
pub async fn publish(base: &str, events: u64) -> Result<()> {
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let mut asker = Asker::new(base);
        callers.spawn(async move {
            for i in (caller..events).step_by(CALLERS as usize) {
                let payload = json!({ "user_id": i, "amount": 1500.0, "note": "x".repeat(200) });
                let body = json!({ "type": "payment.completed", "payload": payload }).to_string();
                let key = format!("Authorization: Bearer {API_TOKEN}");
                let answer = asker.ask("POST", "/api/events", &key, &body).await;
                let answer = answer.map_err(|e| e.to_string())?;
                if answer.status != 201 {
                    return Err(answer.text());
                }
            }
            Ok(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done.map_err(|e| e.to_string())??;
    }
    Ok(())
}
