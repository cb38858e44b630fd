//! Rows for the tests of this room.

use std::sync::Arc;

use super::endpoint::Held;
use crate::clock::Millis;
use crate::store::Payload;
use crate::store::deliveries::Delivery;
use crate::store::events::Told;
use crate::store::names::WebhookStatus;
use crate::store::webhooks::Webhook;

/// Some time.
pub(super) const NOW: Millis = 1_700_000_000_000;

pub(super) fn hook() -> Webhook {
    Webhook {
        id: 1,
        name: "a".into(),
        url: "https://example.com/".into(),
        event_type: "*".into(),
        is_active: true,
        description: None,
        secret: None,
        previous_secret: None,
        previous_until: None,
        failing_since: None,
        disabled_reason: None,
        last_triggered_at: None,
        failure_count: 0,
        success_count: 0,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(super) fn delivery() -> Delivery {
    Delivery {
        id: 1,
        webhook_id: 1,
        event_id: 1,
        status: WebhookStatus::Pending,
        attempt_number: 0,
        run_at: NOW,
        lease_owner: None,
        response_status: None,
        response_body: None,
        error_message: None,
        created_at: NOW,
        delivered_at: None,
    }
}

pub(super) fn held(id: i64) -> Held {
    let delivery = Delivery { id, event_id: id, ..delivery() };
    let told = Told { id, kind: "ticket.created".into(), payload: Payload::new(&id) };
    Held { delivery, begin_by: NOW + 100, told: Arc::new(told) }
}
