//! Events are sent because a person asks for it: a trial, a failed one again, those of some time.

use super::change::lock;
use super::{EVERYTHING, Error, Result};
use crate::clock::Millis;
use crate::engine::Engine;
use crate::events;
use crate::store::deliveries::{NewDelivery, Shown};
use crate::store::names::WebhookStatus;
use crate::store::webhooks::{self, Webhook};
use crate::store::{Store, Tx, deliveries};

/// Events that one replay sends at most.
const MOST: i64 = 100_000;
/// Deliveries that are written in one transaction.
const CHUNK: usize = 1_000;

/// Sends `webhook.test` to a webhook, and gives the event's id.
///
/// # Errors
/// `NotFound`, `Invalid` where it is switched off, `Store`.
pub async fn test(engine: &Engine, id: i64) -> Result<i64> {
    let tx = engine.store.begin().await?;
    lock_active(&tx, id).await?;
    let now = engine.clock.now();
    let event = crate::store::events::insert(&tx, &events::webhook_test(id, now)).await?;
    deliveries::insert(&tx, vec![NewDelivery::new(id, event, now)]).await?;
    tx.commit().await?;
    Ok(event)
}

/// Begins the tries of a delivery anew that has failed; one that waits for its next try gets it now.
/// Gives it as it is now.
///
/// # Errors
/// `NotFound`, `Invalid` where it has succeeded or the webhook is switched off, `Store`.
pub async fn retry(store: &Store, id: i64, delivery_id: i64, now: Millis) -> Result<Shown> {
    let tx = store.begin().await?;
    // The delivery before its webhook, in the order of the dispatcher's own locks.
    let found = deliveries::lock(&tx, id, delivery_id).await?;
    let mut hook = lock_active(&tx, id).await?;
    let mut delivery = found.ok_or(Error::NotFound("Delivery"))?;
    match delivery.status {
        WebhookStatus::Success => {
            let sentence = "This delivery has succeeded, so it is not sent again.";
            return Err(Error::Invalid(sentence.into()));
        }
        // It is on its way this moment.
        WebhookStatus::Pending if delivery.lease_owner.is_some() => {}
        WebhookStatus::Pending => deliveries::hurry(&tx, &delivery, now).await?,
        WebhookStatus::Failed => {
            hook.failure_count = (hook.failure_count - 1).max(0);
            webhooks::update(&tx, &hook).await?;
            (delivery.status, delivery.attempt_number) = (WebhookStatus::Pending, 0);
            deliveries::hurry(&tx, &delivery, now).await?;
        }
    }
    let shown = deliveries::show(&tx, delivery.id).await?;
    tx.commit().await?;
    shown.ok_or(Error::NotFound("Delivery"))
}

/// Sends the events of a webhook's type from `since` until before `until` to it, once more where it
/// has had them, and says how many. Each has the `webhook-id` that it had before.
///
/// # Errors
/// `NotFound`, `Invalid` where it is switched off, the time is turned around, or there are more than
/// 100,000; `Store`, when some of them may have been written.
pub async fn replay(engine: &Engine, id: i64, since: Millis, until: Millis) -> Result<usize> {
    if since >= until {
        return Err(Error::Invalid("since must be before until.".into()));
    }
    let conn = engine.store.read().await?;
    let hook = webhooks::get(&conn, id).await?.ok_or(Error::NO_WEBHOOK)?;
    check_active(&hook)?;
    let kind = Some(hook.event_type.as_str()).filter(|kind| *kind != EVERYTHING);
    let events = crate::store::events::between(&conn, kind, since, until, MOST + 1).await?;
    drop(conn);
    if i64::try_from(events.len()).unwrap_or(i64::MAX) > MOST {
        let sentence = format!("There are more than {MOST} events. Please take a shorter time.");
        return Err(Error::Invalid(sentence));
    }
    for chunk in events.chunks(CHUNK) {
        let now = engine.clock.now();
        let rows = chunk.iter().map(|event| NewDelivery::new(id, *event, now)).collect();
        let tx = engine.store.begin().await?;
        deliveries::insert(&tx, rows).await?;
        tx.commit().await?;
    }
    tracing::info!(webhook.id = id, events = events.len(), "webhook.replayed");
    Ok(events.len())
}

async fn lock_active(tx: &Tx, id: i64) -> Result<Webhook> {
    let hook = lock(tx, id).await?;
    check_active(&hook)?;
    Ok(hook)
}

/// A webhook that is switched off is sent nothing.
///
/// # Errors
/// `Invalid` where it is.
pub fn check_active(hook: &Webhook) -> Result<()> {
    if hook.is_active {
        return Ok(());
    }
    let sentence = "This webhook is switched off. Switch it on first: PATCH {\"is_active\": true}.";
    Err(Error::Invalid(sentence.into()))
}
