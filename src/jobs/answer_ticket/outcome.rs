//! What was decided becomes rows, for a set of turns in one transaction.

use std::collections::HashMap;

use centrium_channels::Reply;

use super::{Answer, Answered};
use crate::assistant::Texts;
use crate::clock::Millis;
use crate::ingest::Rules;
use crate::store::jobs::Job;
use crate::store::messages::Message;
use crate::store::names::{JobKind, Stale};
use crate::store::tickets::Ticket;
use crate::store::{Changes, Conn, Result, Table, Tx, decisions, jobs, messages, reserve, tickets};
use crate::tickets::answer::{Decided, Post};
use crate::tickets::{Author, Status, pace};

/// Writes a set of answers, and says of each what became of it. `may_lease` tells how many
/// deliveries this engine can take on by itself.
///
/// Under the lock of its ticket an answer is looked at once more: where another engine took the
/// job over, nothing happens; where an operator has joined meanwhile it becomes a draft; where the
/// customer has written again (that message has its own turn), or the ticket was closed, it is
/// dropped; where the ticket has had too many answers, one notice says so.
///
/// # Errors
/// When the set can't be written; the transaction must then be dropped.
pub async fn write(
    tx: &Tx,
    answers: &[Answer],
    rules: &Rules,
    now: Millis,
    may_lease: usize,
) -> Result<Vec<Answered>> {
    let job_ids: Vec<i64> = answers.iter().map(|a| a.job_id).collect();
    let held = jobs::still_held(tx, &rules.node, &job_ids).await?;
    let ticket_ids: Vec<i64> = answers.iter().map(|a| a.ticket_id).collect();
    let mut tickets: HashMap<i64, Ticket> =
        tickets::lock(tx, &ticket_ids).await?.into_iter().map(|t| (t.id, t)).collect();

    let asked: Vec<i64> = answers.iter().map(|a| a.decided.message_id).collect();
    let known = decisions::decided(tx, &asked).await?;

    let texts = rules.live.now().texts.clone();
    let mut changes = Changes::default();
    let drafts = answers.iter().filter(|a| a.decided.has_draft()).count();
    let mut message_ids = reserve(tx, Table::Messages, answers.len() + drafts).await?;
    let deliveries = answers.iter().filter(|a| !a.decided.is_awaited).count();
    let mut delivery_ids = reserve(tx, Table::Jobs, deliveries).await?;
    let mut leased = 0;
    let mut answered = Vec::with_capacity(answers.len());
    for answer in answers {
        let decided = &answer.decided;
        let mut done = Answered { message_id: decided.message_id, reply: None, delivery: None };
        let ticket = tickets.get_mut(&answer.ticket_id).filter(|_| held.contains(&answer.job_id));
        if let (Some(ticket), Some(id)) = (ticket, message_ids.next()) {
            changes.finished.push(answer.job_id);
            let is_decided = known.contains(&decided.message_id);
            let written = &changes.messages;
            let fate = fate_of(tx, ticket, decided, is_decided, written, &texts, now).await?;
            let mut post = Post { decided, ticket, texts: &texts, now, changes: &mut changes };
            match fate {
                Fate::OperatorJoined => {
                    post.joined(id);
                    if decided.is_awaited && !is_decided {
                        done.reply = acknowledge(tx, &mut post).await?;
                    }
                }
                Fate::Stale(why) => {
                    post.discard(why);
                    if decided.is_awaited && !is_decided {
                        done.reply = acknowledge(tx, &mut post).await?;
                    }
                }
                Fate::Answer => {
                    done.reply = Some(post.reply(id));
                    if decided.has_draft()
                        && let Some(id) = message_ids.next()
                    {
                        post.draft(id);
                    }
                }
                Fate::Notice => done.reply = Some(post.notice(id)),
                Fate::Silence if decided.is_awaited => {
                    done.reply = acknowledge(tx, &mut post).await?;
                }
                Fate::Silence => post.discard(Stale::TooManyAnswers),
            }
            let is_to_be_sent = !decided.is_awaited && done.reply.is_some();
            if is_to_be_sent && let Some(job_id) = delivery_ids.next() {
                let mine = leased < may_lease;
                let job = delivery(job_id, id, rules, now, mine);
                changes.jobs.push(job.clone());
                leased += usize::from(mine);
                done.delivery = mine.then_some(job);
            }
        }
        answered.push(done);
    }
    changes.tickets.extend(tickets);
    changes.write(tx).await?;
    Ok(answered)
}

/// A short word for who waits and is not answered.
async fn acknowledge(tx: &Tx, post: &mut Post<'_>) -> Result<Option<Reply>> {
    let text = post.texts.received(post.decided.language);
    let id = reserve(tx, Table::Messages, 1).await?.next();
    Ok(id.map(|id| post.acknowledge(id, text, true)))
}

/// What becomes of an answer.
enum Fate {
    /// The customer gets it.
    Answer,
    /// It is a draft.
    OperatorJoined,
    /// It is not for the customer any more.
    Stale(Stale),
    /// There were too many: this is said instead.
    Notice,
    /// That was said already.
    Silence,
}

async fn fate_of(
    tx: &Tx,
    ticket: &Ticket,
    decided: &Decided,
    is_decided: bool,
    written: &[Message],
    texts: &Texts,
    now: Millis,
) -> Result<Fate> {
    // Who has answered and left again was here as well.
    if ticket.taken_by.is_some()
        || messages::operator_wrote_after(tx, ticket.id, decided.message_id).await?
    {
        return Ok(Fate::OperatorJoined);
    }
    if is_decided {
        // The caller was told that an operator will answer, who has left since.
        return Ok(Fate::Stale(Stale::AlreadyAnswered));
    }
    if ticket.status == Status::Closed {
        return Ok(Fate::Stale(Stale::TicketClosed));
    }
    if !decided.is_awaited && is_overtaken(tx, ticket.id, decided.message_id).await? {
        return Ok(Fate::Stale(Stale::NewerMessage));
    }
    if !decided.is_too_many && !is_too_fast(tx, ticket, written, now).await? {
        return Ok(Fate::Answer);
    }
    let notices = texts.all_too_many();
    let is_notice = |m: &Message| m.ticket_id == ticket.id && notices.contains(&m.text);
    let since = now - pace::WINDOW;
    let was_said = written.iter().any(is_notice)
        || messages::was_said_since(tx, ticket.id, &notices, since).await?;
    Ok(if was_said { Fate::Silence } else { Fate::Notice })
}

/// Whether the ticket has had as many answers as it may, with those that are being `written`.
async fn is_too_fast(tx: &Tx, ticket: &Ticket, written: &[Message], now: Millis) -> Result<bool> {
    let is_answer = |m: &&Message| m.ticket_id == ticket.id && m.author == Author::Assistant;
    pace::is_too_fast(tx, ticket, written.iter().filter(is_answer).count(), now).await
}

/// Whether the customer has written again since this message, and that message has a turn of its own.
/// A thanks or a machine's message has none, and overtakes nothing.
pub(super) async fn is_overtaken(conn: &Conn, ticket_id: i64, message_id: i64) -> Result<bool> {
    let newer = messages::of_customer_after(conn, ticket_id, message_id).await?;
    Ok(!newer.is_empty()
        && (jobs::waits_for(conn, JobKind::AnswerTicket, &newer).await?
            || !decisions::decided(conn, &newer).await?.is_empty()))
}

fn delivery(id: i64, reply_id: i64, rules: &Rules, now: Millis, mine: bool) -> Job {
    let job = Job::new(id, JobKind::DeliverReply, reply_id, now, now);
    if mine { job.leased(&rules.node, now + rules.lease) } else { job }
}
