//! What was decided becomes rows, for a set of turns in one transaction.

use std::collections::HashMap;

use super::{Answer, Answered};
use crate::clock::Millis;
use crate::ingest::Rules;
use crate::store::jobs::Job;
use crate::store::names::{JobKind, Stale};
use crate::store::tickets::Ticket;
use crate::store::{Changes, Result, Table, Tx, decisions, jobs, messages, reserve, tickets};
use crate::tickets::Status;
use crate::tickets::answer::{Decided, Post};

/// Writes a set of answers, and says of each what became of it. `may_lease` tells how many
/// deliveries this engine can take on by itself.
///
/// Under the lock of its ticket an answer is looked at once more: where another engine took the
/// job over, nothing happens; where an operator has joined meanwhile it becomes a draft; where the
/// customer has written again (that message has its own turn), or the ticket was closed, it is
/// dropped.
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
    let mut message_ids = reserve(tx, Table::Messages, answers.len()).await?;
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
            let stale = is_stale(tx, ticket, decided, is_decided).await?;
            let mut post = Post { decided, ticket, texts: &texts, now, changes: &mut changes };
            match stale {
                Some(Stale::OperatorJoined) => {
                    post.draft(id);
                    if decided.is_awaited && !is_decided {
                        let ids = &mut reserve(tx, Table::Messages, 1).await?;
                        let text = texts.received(decided.language);
                        done.reply = ids.next().map(|id| post.acknowledge(id, text, true));
                    }
                }
                Some(why) => post.discard(why),
                None => {
                    done.reply = Some(post.reply(id));
                    if !decided.is_awaited
                        && let Some(job_id) = delivery_ids.next()
                    {
                        let mine = leased < may_lease;
                        let job = delivery(job_id, id, rules, now, mine);
                        changes.jobs.push(job.clone());
                        leased += usize::from(mine);
                        done.delivery = mine.then_some(job);
                    }
                }
            }
        }
        answered.push(done);
    }
    changes.tickets.extend(tickets);
    changes.write(tx).await?;
    Ok(answered)
}

/// Why an answer is not for the customer any more.
async fn is_stale(
    tx: &Tx,
    ticket: &Ticket,
    decided: &Decided,
    is_decided: bool,
) -> Result<Option<Stale>> {
    if ticket.taken_by.is_some() {
        return Ok(Some(Stale::OperatorJoined));
    }
    if is_decided {
        // The caller was told that an operator will answer, who has left since.
        return Ok(Some(Stale::AlreadyAnswered));
    }
    if decided.is_awaited {
        return Ok(None);
    }
    if ticket.status == Status::Closed {
        return Ok(Some(Stale::TicketClosed));
    }
    // A thanks or a machine's message has no turn of its own, and overtakes nothing.
    let newer = messages::of_customer_after(tx, ticket.id, decided.message_id).await?;
    let overtaken = !newer.is_empty()
        && (jobs::waits_for(tx, JobKind::AnswerTicket, &newer).await?
            || !decisions::decided(tx, &newer).await?.is_empty());
    Ok(overtaken.then_some(Stale::NewerMessage))
}

fn delivery(id: i64, reply_id: i64, rules: &Rules, now: Millis, mine: bool) -> Job {
    let job = Job::new(id, JobKind::DeliverReply, reply_id, now, now);
    if mine { job.leased(&rules.node, now + rules.lease) } else { job }
}
