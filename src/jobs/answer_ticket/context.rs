//! What the assistant sees: the message, and what was said before it in the same ticket.

use std::collections::HashMap;

use centrium_channels::Error;

use super::outcome;
use crate::assistant::{Language, Said, Speaker, Turn};
use crate::clock::Millis;
use crate::engine::Engine;
use crate::store::attachments::Attachment;
use crate::store::contacts::Contact;
use crate::store::jobs::Job;
use crate::store::messages::Message;
use crate::store::tickets::Ticket;
use crate::store::{Read, Result as Stored, attachments, contacts, messages, tickets};
use crate::tickets::{Author, pace};

/// Earlier messages that the assistant is shown.
pub const HISTORY: i64 = 30;

/// Messages without an answer that are read together with the newest one, and how long each may be.
const PIECES: usize = 9;
const LONGEST_PIECE: usize = 4_000;

/// One turn, and whose it is.
pub(super) struct Context {
    pub(super) job: Job,
    pub(super) message_id: i64,
    /// The message, and the pieces before it that are answered with it.
    answered: Vec<i64>,
    pub(super) ticket_id: i64,
    pub(super) is_awaited: bool,
    pub(super) language: Language,
    pub(super) turn: Turn,
    /// The images that came with the message and the pieces before it.
    pub(super) images: Vec<Attachment>,
    pub(super) before: Before,
}

/// What there is to know before the assistant is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing.
    Fine,
    /// The customer has written on: that message's turn answers both.
    Overtaken,
    /// The ticket has had as many answers as it may.
    TooMany,
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

    let mut contexts = Vec::with_capacity(jobs.len());
    for job in jobs {
        let found = find(job, &messages, &tickets);
        contexts.push(match found {
            Ok((message, ticket)) => {
                let contact = contacts.get(&ticket.contact_id);
                let earlier = earlier(&conn, ticket, message).await?;
                let mut context =
                    context(engine, job, message, ticket, contact, earlier.as_slice());
                context.before = before(engine, &conn, ticket, &context, &earlier).await?;
                Ok(context)
            }
            Err(missing) => Err(missing),
        });
    }
    add_images(&conn, &mut contexts).await?;
    Ok(contexts)
}

/// Adds what can be displayed of the files that came with what is answered, oldest first.
async fn add_images(conn: &Read, contexts: &mut [Result<Context, Error>]) -> Stored<()> {
    let contexts: Vec<_> = contexts.iter_mut().flatten().collect();
    let ids: Vec<i64> = contexts.iter().flat_map(|context| context.answered.clone()).collect();
    let mut files = attachments::of_messages(conn, &ids).await?;
    files.retain(|file| file.display_key.is_some());
    for context in contexts {
        let its = files.iter().filter(|file| context.answered.contains(&file.message_id));
        context.images = its.cloned().collect();
        context.turn.images = context.images.len();
    }
    Ok(())
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

/// What was said before `message`, oldest first. A ticket at its first version has nothing else in
/// it, which saves most turns this query.
async fn earlier(conn: &Read, ticket: &Ticket, message: &Message) -> Stored<Vec<Message>> {
    if ticket.version == 1 {
        return Ok(Vec::new());
    }
    messages::newest(conn, ticket.id, Some(message.id), HISTORY).await
}

/// Whether there is a reason not to ask. Under the ticket's lock all of them are looked at again; this
/// saves an assistant that takes long, or costs something, work that would be thrown away.
async fn before(
    engine: &Engine,
    conn: &Read,
    ticket: &Ticket,
    context: &Context,
    earlier: &[Message],
) -> Stored<Before> {
    let now: Millis = engine.clock.now();
    let newest = earlier.iter().map(|m| (m.author, m.created_at));
    let is_all = i64::try_from(earlier.len()).is_ok_and(|count| count < HISTORY);
    if ticket.taken_by.is_none()
        && pace::may_be_too_fast(ticket, newest, is_all, now)
        && pace::is_too_fast(conn, ticket, 0, now).await?
    {
        return Ok(Before::TooMany);
    }
    let costs_nothing = engine.assistant.as_immediate().is_some();
    if !costs_nothing
        && !context.is_awaited
        && outcome::is_overtaken(conn, ticket.id, context.message_id).await?
    {
        return Ok(Before::Overtaken);
    }
    Ok(Before::Fine)
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
    earlier: &[Message],
) -> Context {
    let language = contact.and_then(|c| c.language.as_deref()?.parse().ok());
    let is_awaited = engine.is_pulled(ticket.channel.0);
    // Who waits has an answer to each message; the others' messages may be pieces of one.
    let since = ticket.reopened_at.unwrap_or(Millis::MIN);
    let pieces = if is_awaited { 0 } else { unanswered(earlier, since) };
    let (history, pieces) = earlier.split_at(earlier.len() - pieces);
    let text = pieces.iter().chain([message]).map(|m| m.text.as_str()).collect::<Vec<_>>();
    Context {
        job: job.clone(),
        message_id: message.id,
        answered: pieces.iter().chain([message]).map(|m| m.id).collect(),
        ticket_id: ticket.id,
        is_awaited,
        language: language.unwrap_or(engine.default_language),
        turn: Turn {
            message: text.join("\n"),
            history: (history.iter().filter(|m| m.created_at >= since))
                .filter_map(|m| said(m.author, m.text.clone()))
                .collect(),
            language,
            category: ticket.category.clone(),
            ..Turn::default()
        },
        images: Vec::new(),
        before: Before::Fine,
    }
}

/// How many of the newest messages are the customer's and have no answer.
fn unanswered(earlier: &[Message], since: Millis) -> usize {
    let newest = earlier.iter().rev().take(PIECES).take_while(|m| m.created_at >= since);
    newest.take_while(|m| m.author == Author::Customer && m.text.len() <= LONGEST_PIECE).count()
}
