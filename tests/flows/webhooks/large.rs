//! What waits in memory is bounded in bytes, however many addresses there are.

use std::time::{Duration, Instant};

use centrium::store::deliveries;
use centrium::store::names::WebhookStatus;
use serde_json::json;

use super::{hook, pauses};
use crate::harness::{App, Receiver, Says, both};

/// Deliveries of each webhook, and webhooks: more than may be held by far, but no more of each than
/// an address is given at first.
const EVENTS: i64 = 16;
const HOOKS: i64 = 32;
/// What each tells, and what may be held of that.
const BYTES: usize = 60_000;
const HELD: usize = 16 * 1024 * 1024;
/// Requests at once, which are not held any more.
const IN_FLIGHT: usize = 64;

both!(no_more_is_leased_than_fits_in_memory, async |app: App| {
    // Nothing fails meanwhile.
    let mut options = pauses("100000");
    options.config.push(("WEBHOOK_TIMEOUT_SECONDS", "120".into()));
    let app = app.restart(options).await;
    let silent = Receiver::answering(|_| Says::Nothing).await;
    for _ in 0..HOOKS {
        hook(&app, &silent, "payment.completed").await;
    }
    let payload = json!({ "note": "x".repeat(BYTES) });
    let event = json!({ "type": "payment.completed", "payload": payload });
    for _ in 0..EVENTS {
        app.http.post("/api/events", event.clone()).await.expect(201);
    }
    let fits = HELD / BYTES;
    let leased = until_leased(&app, fits).await;
    assert!(
        leased <= fits + IN_FLIGHT + usize::try_from(HOOKS).unwrap(),
        "{leased} of {}",
        EVENTS * HOOKS
    );
    assert!(silent.all().len() <= IN_FLIGHT);
});

/// Waits until at least so many are leased, and not more of them in the next look; says how many.
async fn until_leased(app: &App, least: usize) -> usize {
    let (began, mut before) = (Instant::now(), 0);
    loop {
        let mut leased = 0;
        for id in 1..=HOOKS {
            let conn = app.engine.store.read().await.unwrap();
            let pending = Some(WebhookStatus::Pending);
            let rows = deliveries::list(&conn, id, pending, EVENTS, 0).await.unwrap();
            leased += rows.iter().filter(|(row, ..)| row.lease_owner.is_some()).count();
        }
        if leased >= least && leased == before {
            return leased;
        }
        before = leased;
        assert!(began.elapsed() < Duration::from_secs(60), "only {leased} are leased");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
