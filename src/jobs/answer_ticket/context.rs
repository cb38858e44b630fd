//! What the assistant sees: the message, and what was said before it in the same ticket.

use std::collections::HashMap;

use centrium_channels::Error;

use crate::assistant::{Language, Said, Speaker, Turn};
use crate::engine::Engine;
use crate::store::contacts::Contact;
use crate::store::jobs::Job;
use crate::store::messages::Message;
use crate::store::tickets::Ticket;
use crate::store::{Read, attachments, contacts, messages, tickets};
use crate::tickets::Author;

/// Earlier messages that the assistant is shown.
pub const HISTORY: i64 = 30;

/// One turn, and whose it is.
pub(super) struct Context {
    pub(super) job: Job,
    pub(super) message_id: i64,
    pub(super) ticket_id: i64,
    pub(super) is_awaited: bool,
    pub(super) language: Language,
    pub(super) turn: Turn,
}

/// Reads what these turns need, in a few queries for the whole set. A turn that lacks something of
/// its own fails alone.
///
/// # Errors
/// When the store can't be read.
pub(super) async fn load(
    engine: &Engine,
    jobs: &[Job],
) -> Result<Vec<Result<Context, Error>>, Error> {
    let conn = engine.store.read().await?;
    let message_ids: Vec<i64> = jobs.iter().map(|job| job.subject_id).collect();
    let messages = by_id(messages::by_ids(&conn, &message_ids).await?, |m| m.id);
    let ticket_ids: Vec<i64> = messages.values().map(|m| m.ticket_id).collect();
    let tickets = by_id(tickets::by_ids(&conn, &ticket_ids).await?, |t| t.id);
    let contact_ids: Vec<i64> = tickets.values().map(|t| t.contact_id).collect();
    let contacts = by_id(contacts::by_ids(&conn, &contact_ids).await?, |c| c.id);
    let mut images: HashMap<i64, usize> = HashMap::new();
    for file in attachments::of_messages(&conn, &message_ids).await? {
        *images.entry(file.message_id).or_default() += usize::from(file.display_key.is_some());
    }

    let mut contexts = Vec::with_capacity(jobs.len());
    for job in jobs {
        let found = find(job, &messages, &tickets);
        contexts.push(match found {
            Ok((message, ticket)) => {
                let contact = contacts.get(&ticket.contact_id);
                let images = images.get(&message.id).copied().unwrap_or(0);
                let history = history(&conn, ticket, message).await?;
                Ok(context(engine, job, message, ticket, contact, images, history))
            }
            Err(missing) => Err(missing),
        });
    }
    Ok(contexts)
}

/// What a job is about.
fn find<'a>(
    job: &Job,
    messages: &'a HashMap<i64, Message>,
    tickets: &'a HashMap<i64, Ticket>,
) -> Result<(&'a Message, &'a Ticket), Error> {
    let message = messages.get(&job.subject_id).ok_or_else(|| super::missing("The message"))?;
    let ticket = tickets.get(&message.ticket_id).ok_or_else(|| super::missing("The ticket"))?;
    Ok((message, ticket))
}

fn by_id<T>(rows: Vec<T>, id: impl Fn(&T) -> i64) -> HashMap<i64, T> {
    rows.into_iter().map(|row| (id(&row), row)).collect()
}

/// What was said before `message`. A ticket at its first version has nothing else in it, which
/// saves most turns this query.
async fn history(conn: &Read, ticket: &Ticket, message: &Message) -> Result<Vec<Said>, Error> {
    if ticket.version == 1 {
        return Ok(Vec::new());
    }
    let earlier = messages::newest(conn, ticket.id, Some(message.id), HISTORY).await?;
    Ok(earlier.into_iter().filter_map(|m| said(m.author, m.text)).collect())
}

/// What the assistant may know of a message: nothing of notes and drafts.
#[must_use]
pub fn said(author: Author, text: String) -> Option<Said> {
    let by = match author {
        Author::Customer => Speaker::Customer,
        Author::Assistant | Author::System => Speaker::Assistant,
        Author::Operator => Speaker::Operator,
        Author::Note | Author::Draft => return None,
    };
    Some(Said { by, text })
}

fn context(
    engine: &Engine,
    job: &Job,
    message: &Message,
    ticket: &Ticket,
    contact: Option<&Contact>,
    images: usize,
    history: Vec<Said>,
) -> Context {
    let language = contact.and_then(|c| c.language.as_deref()?.parse().ok());
    Context {
        job: job.clone(),
        message_id: message.id,
        ticket_id: ticket.id,
        is_awaited: engine.is_pulled(ticket.channel.0),
        language: language.unwrap_or(engine.default_language),
        turn: Turn {
            message: message.text.clone(),
            images,
            history,
            language,
            category: ticket.category.clone(),
        },
    }
}
