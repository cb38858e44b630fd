//! What was decided becomes rows, for a set of turns in one transaction.

use std::collections::HashMap;

use centrium_channels::Reply;

use super::{Answer, Answered};
use crate::assistant::Verdict;
use crate::clock::Millis;
use crate::events;
use crate::ingest::Rules;
use crate::store::decisions::Decision;
use crate::store::jobs::Job;
use crate::store::messages::Message;
use crate::store::names::JobKind;
use crate::store::tickets::Ticket;
use crate::store::{Changes, Result, Table, Tx, decisions, jobs, messages, reserve, tickets};
use crate::tickets::{Author, DeliveryState, Status, life};

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
    tx: &mut Tx,
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

    let asked: Vec<i64> = answers.iter().map(|a| a.message_id).collect();
    let decided = decisions::decided(tx, &asked).await?;

    let mut changes = Changes::default();
    let mut message_ids = reserve(tx, Table::Messages, answers.len()).await?;
    let deliveries = answers.iter().filter(|a| !a.is_awaited).count();
    let mut delivery_ids = reserve(tx, Table::Jobs, deliveries).await?;
    let mut leased = 0;
    let mut answered = Vec::with_capacity(answers.len());
    for answer in answers {
        let mut done = Answered { message_id: answer.message_id, reply: None, delivery: None };
        let ticket = tickets.get_mut(&answer.ticket_id).filter(|_| held.contains(&answer.job_id));
        if let (Some(ticket), Some(id)) = (ticket, message_ids.next()) {
            changes.finished.push(answer.job_id);
            let is_decided = decided.contains(&answer.message_id);
            let stale = is_stale(tx, ticket, answer, is_decided).await?;
            let mut post = Post { answer, ticket, rules, now, changes: &mut changes };
            match stale {
                Some(Stale::OperatorJoined) => {
                    post.draft(id);
                    if answer.is_awaited && !is_decided {
                        let ids = &mut reserve(tx, Table::Messages, 1).await?;
                        done.reply = ids.next().map(|id| post.acknowledge(id));
                    }
                }
                Some(Stale::Overtaken) => {}
                None => {
                    done.reply = Some(post.reply(id));
                    if !answer.is_awaited {
                        let mine = leased < may_lease;
                        let job = delivery_ids.next().map(|job_id| post.deliver(job_id, id, mine));
                        leased += usize::from(mine);
                        done.delivery = job.filter(|_| mine);
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
enum Stale {
    OperatorJoined,
    Overtaken,
}

async fn is_stale(
    tx: &mut Tx,
    ticket: &Ticket,
    answer: &Answer,
    is_decided: bool,
) -> Result<Option<Stale>> {
    if ticket.taken_by.is_some() {
        return Ok(Some(Stale::OperatorJoined));
    }
    if is_decided {
        // The caller was told that an operator will answer, who has left since.
        return Ok(Some(Stale::Overtaken));
    }
    if answer.is_awaited {
        return Ok(None);
    }
    if ticket.status == Status::Closed {
        return Ok(Some(Stale::Overtaken));
    }
    // A thanks or a machine's message has no turn of its own, and overtakes nothing.
    let newer = messages::of_customer_after(tx, ticket.id, answer.message_id).await?;
    let overtaken = !newer.is_empty()
        && (jobs::waits_for(tx, JobKind::AnswerTicket, &newer).await?
            || !decisions::decided(tx, &newer).await?.is_empty());
    Ok(overtaken.then_some(Stale::Overtaken))
}

/// One answer on its way into the rows.
struct Post<'a> {
    answer: &'a Answer,
    ticket: &'a mut Ticket,
    rules: &'a Rules,
    now: Millis,
    changes: &'a mut Changes,
}

impl Post<'_> {
    /// The answer, or the canned text, with the ticket's new state and the record of the decision.
    fn reply(&mut self, id: i64) -> Reply {
        let escalates = self.answer.verdict.as_ref().is_none_or(|v| v.needs_escalation);
        let was_empty = self.ticket.category.is_none();
        if let Some(verdict) = &self.answer.verdict {
            classify(self.ticket, verdict, was_empty);
        }
        let reason = self.reason();
        if escalates {
            life::escalate(self.ticket, reason.as_deref(), &mut self.changes.events, self.now);
        }
        self.ticket.first_response_at.get_or_insert(self.now);
        life::touch(self.ticket, self.now);

        let text = self.text(escalates);
        let state =
            if self.answer.is_awaited { DeliveryState::Sent } else { DeliveryState::Pending };
        let message = self.message(id, Author::Assistant, text.clone(), Some(state));
        self.changes.events.extend(events::message_added(self.ticket, &message, &[], self.now));
        self.changes.messages.push(message);
        self.changes.decisions.push(self.decision(id, escalates, reason));
        Reply {
            message_id: id,
            text,
            needs_escalation: escalates,
            status: self.ticket.status.as_str().to_owned(),
        }
    }

    /// What the assistant would have said, for the operator who has taken over.
    fn draft(&mut self, id: i64) {
        if let Some(verdict) = &self.answer.verdict {
            let message = self.message(id, Author::Draft, verdict.reply.clone(), None);
            self.changes.messages.push(message);
        }
    }

    /// For a caller who waits while an operator takes over: a short word, and the record of it.
    fn acknowledge(&mut self, id: i64) -> Reply {
        let text = self.rules.texts.received(self.answer.language);
        let message = self.message(id, Author::System, text.clone(), Some(DeliveryState::Sent));
        self.changes.events.extend(events::message_added(self.ticket, &message, &[], self.now));
        self.changes.messages.push(message);
        self.changes.decisions.push(self.decision(id, false, None));
        Reply {
            message_id: id,
            text,
            needs_escalation: false,
            status: self.ticket.status.as_str().to_owned(),
        }
    }

    fn deliver(&mut self, job_id: i64, reply_id: i64, mine: bool) -> Job {
        let now = self.now;
        let mut job = Job::new(job_id, JobKind::DeliverReply, reply_id, now, now);
        if mine {
            job = job.leased(&self.rules.node, now + self.rules.lease);
        }
        self.changes.jobs.push(job.clone());
        job
    }

    fn text(&self, escalates: bool) -> String {
        let texts = &self.rules.texts;
        let language = self.answer.language;
        match &self.answer.verdict {
            None => texts.failure(language),
            Some(verdict) if escalates => {
                let called = texts.operator_called(language);
                if verdict.reply.is_empty() {
                    called
                } else {
                    format!("{}\n\n{called}", verdict.reply)
                }
            }
            Some(verdict) => verdict.reply.clone(),
        }
    }

    fn reason(&self) -> Option<String> {
        match &self.answer.verdict {
            Some(verdict) => verdict.reason.clone(),
            None => Some(String::from("The assistant could not answer.")),
        }
    }

    fn message(
        &self,
        id: i64,
        author: Author,
        text: String,
        delivery_state: Option<DeliveryState>,
    ) -> Message {
        Message {
            in_reply_to: Some(self.answer.message_id),
            delivery_state,
            ..Message::new(id, self.ticket, author, text, self.now)
        }
    }

    fn decision(&self, reply_id: i64, escalates: bool, reason: Option<String>) -> Decision {
        let verdict = self.answer.verdict.as_ref();
        Decision {
            message_id: self.answer.message_id,
            ticket_id: self.ticket.id,
            reply_id: Some(reply_id),
            assistant: self.answer.assistant.to_owned(),
            needs_escalation: escalates,
            reason,
            category: verdict.map(|v| v.category.clone()),
            priority: verdict.map(|v| v.priority),
            department: verdict.map(|v| v.department.clone()),
            language: Some(self.answer.language.as_str().to_owned()),
            sources: verdict.map_or_else(|| serde_json::json!([]), |v| v.sources.clone().into()),
            ticket_status: self.ticket.status,
            latency_ms: i64::try_from(self.answer.took.as_millis()).unwrap_or(i64::MAX),
            created_at: self.now,
        }
    }
}

/// The first turn sorts the ticket; a later one only raises its priority, and sorts it anew when
/// it calls a human.
fn classify(ticket: &mut Ticket, verdict: &Verdict, was_empty: bool) {
    if was_empty || verdict.needs_escalation {
        ticket.category = Some(verdict.category.clone());
        ticket.department = Some(verdict.department.clone());
    }
    if was_empty {
        ticket.priority = verdict.priority;
    } else {
        ticket.priority = ticket.priority.max(verdict.priority);
    }
    if ticket.subject.is_none() {
        ticket.subject.clone_from(&verdict.subject);
    }
}
