//! An answer goes to its channel's server.

use std::time::Duration;

use centrium_channels::{Content, Error, Kind, Outgoing, Retry};

use super::outcomes::{Outcome, Reached};
use super::worker;
use crate::engine::Engine;
use crate::store::jobs::Job;
use crate::store::messages::Message;
use crate::store::tickets::Ticket;
use crate::store::{Read, attachments, channels, contacts, messages, tickets};
use crate::tickets::{Author, DeliveryState};

/// How long a channel's server may take; well below the lease on the job, so that one answer is
/// never being sent twice at once.
const LIMIT: Duration = Duration::from_secs(30);

/// Delivers one answer, and notes how it went.
///
/// # Errors
/// When the store could not be reached.
pub async fn run(engine: &Engine, job: &Job) -> Result<(), Error> {
    let conn = engine.store.read().await?;
    let message = messages::get(&conn, job.subject_id).await?.ok_or_else(gone)?;
    if message.delivery_state != Some(DeliveryState::Pending) {
        // An earlier life of this engine sent it, and ended before it could say so to the job.
        return finish_surely(engine, job, None).await;
    }
    let ticket = tickets::get(&conn, message.ticket_id).await?.ok_or_else(gone)?;
    let rows = channels::all(&conn).await?;
    let is_off = rows.iter().any(|row| row.kind == ticket.channel && !row.is_active);
    let Some(channel) = engine.channel(ticket.channel.0).filter(|_| !is_off) else {
        let off = Error::new(Kind::ChannelOff, "The channel is switched off.");
        worker::fail(engine, job, &off).await;
        return Ok(());
    };
    let out = outgoing(engine, &conn, &message, &ticket).await?;
    drop(conn);

    let sending = tokio::time::timeout(LIMIT, channel.send(&out)).await;
    let too_slow = || Error::new(Kind::Unavailable, "The channel's server did not answer in time.");
    match sending.unwrap_or_else(|_| Err(too_slow())) {
        Ok(sent) => {
            let (state, external_id) = (DeliveryState::Sent, sent.external_id);
            finish_surely(engine, job, Some(Reached { state, error: None, external_id })).await
        }
        Err(error) if error.retry == Retry::Never || worker::is_last_try(job, &error) => {
            tracing::warn!(message.id = message.id, %error, "delivery.failed");
            let (state, error) = (DeliveryState::Failed, Some(error.sentence));
            finish_surely(engine, job, Some(Reached { state, error, external_id: None })).await
        }
        Err(error) => {
            worker::fail(engine, job, &error).await;
            Ok(())
        }
    }
}

/// The delivery's end and the job's end are one transaction. What was sent must not be sent again
/// because it could not be noted: only the noting is tried again, for as long as the lease is ours.
async fn finish_surely(engine: &Engine, job: &Job, reached: Option<Reached>) -> Result<(), Error> {
    let outcome = Outcome { job_id: job.id, message_id: job.subject_id, reached };
    loop {
        match engine.outcomes.note(outcome.clone()).await {
            Err(error) if error.kind == Kind::Unavailable && engine.clock.now() < job.run_at => {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            // The lease is over: another try is another engine's, or a later one's.
            finished => return finished.or(Ok(())),
        }
    }
}

async fn outgoing(
    engine: &Engine,
    conn: &Read,
    message: &Message,
    ticket: &Ticket,
) -> Result<Outgoing, Error> {
    let identities = contacts::identities_of(conn, &[ticket.contact_id]).await?;
    let contact = contacts::by_ids(conn, &[ticket.contact_id]).await?.pop();
    let language = contact.and_then(|contact| contact.language?.parse().ok());
    let recipient = identities.into_iter().find(|i| i.channel == ticket.channel);
    let answered = match message.in_reply_to {
        Some(id) => messages::get(conn, id).await?.and_then(|m| m.external_id),
        None => None,
    };
    let mut files = Vec::new();
    for file in attachments::of_messages(conn, &[message.id]).await? {
        files.push(centrium_channels::Attachment {
            name: file.name,
            content: Content::File(file.content_type),
            bytes: engine.files.fetch(&file.key).await?,
        });
    }
    Ok(Outgoing {
        key: format!("centrium-{}", message.id),
        ticket_id: ticket.id,
        conversation: ticket.external_id.clone(),
        recipient: recipient.map(|i| i.identifier).unwrap_or_default(),
        in_reply_to: answered,
        subject: ticket.subject.clone(),
        text: message.text.clone(),
        language: language.unwrap_or(engine.default_language).as_str().to_owned(),
        offers_operator: message.author == Author::Assistant
            && !ticket.needs_escalation
            && ticket.taken_by.is_none(),
        attachments: files,
    })
}

fn gone() -> Error {
    Error { retry: Retry::Never, ..Error::new(Kind::Internal, "The answer of this job is gone.") }
}
