//! What a try means for its delivery and its webhook.

use std::time::Duration;

use rand::RngExt;

use super::send::Attempt;
use crate::clock::{HOUR, Millis};
use crate::ingest::clean_text;
use crate::store::deliveries::Delivery;
use crate::store::names::WebhookStatus;
use crate::store::webhooks::Webhook;

/// For how long an address may fail before its webhook is switched off.
const PATIENCE: Millis = 120 * HOUR;
/// What an address answers that wants no more.
const GONE: u16 = 410;
/// Characters of an answer that are kept.
const KEPT: usize = 1_000;

/// Notes how a try went, in the delivery and its webhook. Gives the reason where that switches the
/// webhook off. `pauses` are those between the tries, so that there is one try more.
pub(super) fn note(
    hook: &mut Webhook,
    delivery: &mut Delivery,
    attempt: &Attempt,
    pauses: &[Duration],
    now: Millis,
) -> Option<String> {
    delivery.lease_owner = None;
    delivery.attempt_number += 1;
    delivery.response_status = attempt.status.map(i64::from);
    let body = || clean_text(attempt.body.chars().take(KEPT).collect());
    delivery.response_body = attempt.status.map(|_| body());
    hook.last_triggered_at = Some(now);
    if attempt.is_success() {
        delivery.status = WebhookStatus::Success;
        delivery.delivered_at = Some(now);
        delivery.error_message = None;
        hook.success_count += 1;
        hook.failing_since = None;
        return None;
    }
    delivery.error_message = Some(clean_text(why(attempt)));
    let failing_since = *hook.failing_since.get_or_insert(now);
    let tries = usize::try_from(delivery.attempt_number).unwrap_or(usize::MAX);
    match pauses.get(tries.saturating_sub(1)) {
        Some(pause) if attempt.status != Some(GONE) => {
            let wait = wait(*pause, attempt.retry_after).as_millis();
            delivery.run_at = now.saturating_add(i64::try_from(wait).unwrap_or(i64::MAX));
        }
        _ => {
            delivery.status = WebhookStatus::Failed;
            hook.failure_count += 1;
        }
    }
    let reason = if attempt.status == Some(GONE) {
        "The endpoint answered 410: it wants no more."
    } else if now - failing_since >= PATIENCE {
        "Nothing has arrived there for 120 hours."
    } else {
        return None;
    };
    if !hook.is_active {
        return None;
    }
    hook.is_active = false;
    hook.disabled_reason = Some(reason.to_owned());
    hook.updated_at = now;
    Some(reason.to_owned())
}

fn why(attempt: &Attempt) -> String {
    match (&attempt.error, attempt.status) {
        (Some(error), _) => error.clone(),
        (None, Some(status)) => format!("The endpoint answered {status}."),
        (None, None) => "The endpoint did not answer.".to_owned(),
    }
}

/// The pause before the next try, give or take a fifth, so that what failed together does not come
/// back together. The endpoint's own wish counts between the pause and twice the pause.
fn wait(pause: Duration, retry_after: Option<Duration>) -> Duration {
    match retry_after {
        Some(wish) => wish.clamp(pause, pause * 2),
        None => pause.mul_f64(rand::rng().random_range(0.8..=1.2)),
    }
}

#[cfg(test)]
mod tests;
