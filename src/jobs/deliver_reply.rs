//! An answer goes to its channel's server.

use std::time::Duration;

use centrium_channels::{Content, Error, Kind, Outgoing, Retry};

use super::{TRIES, worker};
use crate::engine::Engine;
use crate::store::jobs::Job;
use crate::store::messages::Message;
use crate::store::tickets::Ticket;
use crate::store::{Changes, Read, attachments, channels, contacts, jobs, messages, tickets};
use crate::tickets::DeliveryState;

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
        return finish(engine, job, &message, &None).await;
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
            let sent = Outcome { state: DeliveryState::Sent, error: None, id: sent.external_id };
            finish_surely(engine, job, &message, sent).await
        }
        Err(error) if error.retry == Retry::Never || job.attempts >= TRIES => {
            tracing::warn!(message.id = message.id, %error, "delivery.failed");
            let failed =
                Outcome { state: DeliveryState::Failed, error: Some(error.sentence), id: None };
            finish_surely(engine, job, &message, failed).await
        }
        Err(error) => {
            worker::fail(engine, job, &error).await;
            Ok(())
        }
    }
}

/// What was sent must not be sent again because it could not be noted: only the noting is tried
/// again, for as long as the lease is ours.
async fn finish_surely(
    engine: &Engine,
    job: &Job,
    message: &Message,
    outcome: Outcome,
) -> Result<(), Error> {
    let outcome = Some(outcome);
    loop {
        match finish(engine, job, message, &outcome).await {
            Err(error) if error.kind == Kind::Unavailable && engine.clock.now() < job.run_at => {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            // The lease is over: another try is another engine's, or a later one's.
            finished => return finished.or(Ok(())),
        }
    }
}

/// How a delivery ended.
struct Outcome {
    state: DeliveryState,
    error: Option<String>,
    id: Option<String>,
}

async fn outgoing(
    engine: &Engine,
    conn: &Read,
    message: &Message,
    ticket: &Ticket,
) -> Result<Outgoing, Error> {
    let identities = contacts::identities_of(conn, &[ticket.contact_id]).await?;
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
        attachments: files,
    })
}

/// The delivery's end and the job's end are one transaction.
async fn finish(
    engine: &Engine,
    job: &Job,
    message: &Message,
    outcome: &Option<Outcome>,
) -> Result<(), Error> {
    let tx = engine.store.begin().await?;
    if jobs::still_held(&tx, &engine.node, &[job.id]).await?.is_empty() {
        return Ok(());
    }
    if let Some(Outcome { state, error, id }) = outcome {
        messages::set_delivery(&tx, message.id, *state, error.as_deref(), id.as_deref()).await?;
    }
    Changes { finished: vec![job.id], ..Changes::default() }.write(&tx).await?;
    tx.commit().await?;
    Ok(())
}

fn gone() -> Error {
    Error { retry: Retry::Never, ..Error::new(Kind::Internal, "The answer of this job is gone.") }
}
