//! An answer on its way to its channel, as a job.

use super::transaction::{again, lock};
use super::{DeliveryState, Error, Result};
use crate::clock::Millis;
use crate::engine::Engine;
use crate::store::jobs::Job;
use crate::store::messages::Message;
use crate::store::names::JobKind;
use crate::store::{Changes, Table, jobs, messages, reserve};

/// Sends an answer again whose delivery had failed for good.
///
/// # Errors
/// `NotFound` (the message belongs to another ticket, too), `Invalid` when it did not fail,
/// `Store`.
pub async fn retry(engine: &Engine, ticket_id: i64, message_id: i64) -> Result<Message> {
    again(move || async move {
        let tx = engine.store.begin().await?;
        let ticket = lock(&tx, ticket_id).await?;
        let message = messages::get(&tx, message_id).await?;
        let message = message.filter(|message| message.ticket_id == ticket.id);
        let mut message = message.ok_or(Error::NotFound("message"))?;
        if message.delivery_state != Some(DeliveryState::Failed) {
            let sentence = "The delivery of this message has not failed, so it is not sent again.";
            return Err(Error::invalid(sentence));
        }
        let state = DeliveryState::Pending;
        messages::set_delivery(&tx, message.id, state, None, None).await?;
        (message.delivery_state, message.delivery_error) = (Some(state), None);
        jobs::forget_buried(&tx, JobKind::DeliverReply, message.id).await?;
        let mut changes = Changes::default();
        if !engine.is_pulled(ticket.channel.0) {
            let job_ids = reserve(&tx, Table::Jobs, 1).await?;
            changes.jobs.extend(job_ids.map(|id| job(id, message.id, engine.clock.now())));
        }
        changes.write(&tx).await?;
        tx.commit().await?;
        Ok(message)
    })
    .await
}

/// The delivery of an answer, for whichever engine is free.
pub(super) fn job(id: i64, message_id: i64, now: Millis) -> Job {
    Job::new(id, JobKind::DeliverReply, message_id, now, now)
}
