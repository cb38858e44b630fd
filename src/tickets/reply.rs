//! An operator writes to the customer, or a note to colleagues.

use centrium_channels::Attachment as File;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::transaction::{again, lock};
use super::{Author, DeliveryState, Error, Result, delivery, life, operator};
use crate::clock::Millis;
use crate::engine::Engine;
use crate::events;
use crate::files::Kept;
use crate::ingest::clean_text;
use crate::store::attachments::{self, Attachment};
use crate::store::idempotency::{self, IdempotencyKey};
use crate::store::messages::{self, Message};
use crate::store::tickets::Ticket;
use crate::store::{Changes, Table, Tx, reserve};

/// Characters of a message.
const LONGEST_TEXT: usize = 100_000;
/// Files of one message.
const MOST_FILES: usize = 20;
/// Bytes of all files of one message.
const MOST_BYTES: usize = 25 * 1024 * 1024;

/// What an operator writes.
#[derive(Clone, Debug, Default)]
pub struct Post {
    /// The words; blank only where there are files.
    pub text: String,
    /// For colleagues only: it goes nowhere, and neither opens the ticket nor joins it.
    pub is_note: bool,
    /// Who writes; [`operator::UNNAMED`] when nobody is named.
    pub operator: Option<String>,
    /// Files.
    pub files: Vec<File>,
    /// The caller's promise that two posts with this key, to this ticket, are the same one.
    pub key: Option<String>,
}

/// What was written, now or by an earlier post of the same key.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The message.
    pub message: Message,
    /// Its files.
    pub attachments: Vec<Attachment>,
}

/// Writes a message or a note into a ticket. A message takes the ticket over, opens it where it
/// was closed, and goes to the customer; a blocked customer gets it too.
///
/// # Errors
/// `NotFound`, `Conflict` (the key was used for something else), `Invalid` (a limit is broken),
/// `Files`, `Store`.
pub async fn post(engine: &Engine, ticket_id: i64, post: Post) -> Result<Posted> {
    let mut draft = Draft::check(post)?;
    draft.keep_files(engine).await?;
    let draft = &draft;
    again(move || write(engine, ticket_id, draft)).await
}

/// A post whose limits hold and whose files are kept.
struct Draft {
    text: String,
    author: Author,
    operator: String,
    files: Vec<File>,
    kept: Vec<Kept>,
    key: Option<String>,
}

impl Draft {
    fn check(post: Post) -> Result<Self> {
        let Post { text, is_note, operator, files, key } = post;
        if text.trim().is_empty() && files.is_empty() {
            return Err(Error::invalid("The text is empty."));
        }
        if text.chars().count() > LONGEST_TEXT {
            let sentence = format!("The text is longer than {LONGEST_TEXT} characters.");
            return Err(Error::Invalid(sentence));
        }
        if files.len() > MOST_FILES {
            return Err(Error::Invalid(format!("There are more than {MOST_FILES} attachments.")));
        }
        if files.iter().map(|file| file.bytes.len()).sum::<usize>() > MOST_BYTES {
            return Err(Error::invalid("The attachments are larger than 25 MiB together."));
        }
        Ok(Self {
            text: clean_text(text),
            author: if is_note { Author::Note } else { Author::Operator },
            operator: operator::name(operator.as_deref().unwrap_or(operator::UNNAMED))?,
            files,
            kept: Vec::new(),
            key,
        })
    }

    async fn keep_files(&mut self, engine: &Engine) -> Result<()> {
        for file in std::mem::take(&mut self.files) {
            self.kept.push(engine.files.keep(file).await?);
        }
        Ok(())
    }

    /// What was asked for, as a hash: the same over every way of writing the same request.
    fn digest(&self) -> String {
        let files: Vec<_> =
            self.kept.iter().map(|f| json!([f.name, f.content_type, f.sha256])).collect();
        let asked = json!([self.text, self.author, self.operator, files]);
        let digest = Sha256::digest(asked.to_string());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

async fn write(engine: &Engine, ticket_id: i64, draft: &Draft) -> Result<Posted> {
    let tx = engine.store.begin().await?;
    let mut ticket = lock(&tx, ticket_id).await?;
    if let Some(posted) = find_posted(&tx, ticket_id, draft).await? {
        return Ok(posted);
    }
    let now = engine.clock.now();
    let mut changes = Changes::default();
    let message = message_row(&tx, &ticket, draft, now).await?;
    let attachments = attachment_rows(&tx, message.id, &draft.kept, now).await?;
    if draft.author == Author::Operator {
        life::join(&mut ticket, &draft.operator, &mut changes.events, now);
        ticket.first_response_at.get_or_insert(now);
        if !engine.is_pulled(ticket.channel.0) {
            let job_ids = reserve(&tx, Table::Jobs, 1).await?;
            changes.jobs.extend(job_ids.map(|id| delivery::job(id, message.id, now)));
        }
    }
    life::touch(&mut ticket, now);
    changes.events.extend(events::message_added(&ticket, &message, &attachments, now));
    changes.idempotency.extend(draft.key.clone().map(|key| IdempotencyKey {
        scope: scope(ticket_id),
        key,
        request: draft.digest(),
        resource_id: message.id,
        created_at: now,
    }));
    changes.tickets.insert(ticket.id, ticket);
    changes.messages.push(message.clone());
    changes.attachments.clone_from(&attachments);
    changes.write(&tx).await?;
    tx.commit().await?;
    Ok(Posted { message, attachments })
}

/// Where the keys of a ticket's messages stand. `API_TOKEN` alone writes here, so that its callers
/// are one.
fn scope(ticket_id: i64) -> String {
    format!("ticket:{ticket_id}:messages")
}

async fn find_posted(tx: &Tx, ticket_id: i64, draft: &Draft) -> Result<Option<Posted>> {
    let keys: Vec<String> = draft.key.iter().cloned().collect();
    let Some(used) = idempotency::find(tx, &scope(ticket_id), &keys).await?.pop() else {
        return Ok(None);
    };
    if used.request != draft.digest() {
        return Err(Error::Conflict);
    }
    let message = messages::get(tx, used.resource_id).await?;
    let message = message.ok_or(Error::NotFound("message"))?;
    let attachments = attachments::of_messages(tx, &[message.id]).await?;
    Ok(Some(Posted { message, attachments }))
}

async fn message_row(tx: &Tx, ticket: &Ticket, draft: &Draft, now: Millis) -> Result<Message> {
    let is_note = draft.author == Author::Note;
    // Mail and messengers show an answer beside what it answers.
    let answered = if is_note { None } else { messages::last_of_customer(tx, ticket.id).await? };
    let id = reserve(tx, Table::Messages, 1).await?.next().ok_or_else(no_id)?;
    let text = draft.text.clone();
    Ok(Message {
        operator: Some(draft.operator.clone()),
        in_reply_to: answered,
        delivery_state: (!is_note).then_some(DeliveryState::Pending),
        ..Message::new(id, ticket, draft.author, text, now)
    })
}

async fn attachment_rows(
    tx: &Tx,
    message_id: i64,
    kept: &[Kept],
    now: Millis,
) -> Result<Vec<Attachment>> {
    let ids = reserve(tx, Table::Attachments, kept.len()).await?;
    Ok(ids.zip(kept).map(|(id, kept)| kept.row(id, message_id, now)).collect())
}

fn no_id() -> Error {
    Error::Store(crate::store::Error::Broken("no id was reserved".into()))
}

#[cfg(test)]
mod tests;
