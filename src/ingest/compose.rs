//! The rows of a set: each message, its files, its events, and the job that follows from it.

use std::time::Duration;

use centrium_channels::{Error, Kind, Receipt, Reply};

use super::arrival::{Accepted, Arrival};
use super::repeat::scope;
use super::set::{Fate, Set};
use crate::clock::Millis;
use crate::events;
use crate::store::attachments::Attachment;
use crate::store::idempotency::IdempotencyKey;
use crate::store::jobs::Job;
use crate::store::messages::Message;
use crate::store::names::JobKind;
use crate::store::tickets::Ticket;
use crate::store::{Result, Table, Tx, reserve};
use crate::tickets::Author;
use crate::tickets::answer::{Decided, Post};

/// What happens after a message was written.
#[derive(Clone, Copy)]
struct Next {
    /// The assistant takes its turn (or drafts, where an operator has joined).
    turn: bool,
    /// Its answer was made before, and is stored with it.
    answer: bool,
    /// A caller waits, and nobody will answer: a short acknowledgement is the reply.
    acknowledge: bool,
}

impl Set<'_> {
    pub(super) async fn compose(
        &mut self,
        tx: &Tx,
        may_lease: usize,
    ) -> Result<Vec<Result<Accepted, Error>>> {
        let new = self.new_ones();
        let next: Vec<Next> = new.iter().map(|&i| self.next(i)).collect();
        let files: usize = new.iter().map(|&i| self.arrivals[i].files.len()).sum();
        let replies = next.iter().filter(|next| next.answer || next.acknowledge).count();
        let turns = next.iter().filter(|next| next.turn).count();

        let mut message_ids = reserve(tx, Table::Messages, new.len() + replies).await?;
        let mut file_ids = reserve(tx, Table::Attachments, files).await?;
        let mut job_ids = reserve(tx, Table::Jobs, turns).await?;

        let mut accepted: Vec<Option<Accepted>> = vec![None; self.arrivals.len()];
        let mut leased = 0;
        for (&i, next) in new.iter().zip(&next) {
            let Some(message_id) = message_ids.next() else { break };
            if self.add_message(i, message_id, &mut file_ids).is_none() {
                continue;
            }
            let mut reply = None;
            if next.answer
                && let Some(reply_id) = message_ids.next()
            {
                reply = self.answer(i, message_id, reply_id);
            }
            if next.acknowledge
                && let Some(reply_id) = message_ids.next()
            {
                reply = self.acknowledge(i, message_id, reply_id);
            }
            let mut job = None;
            if next.turn
                && let Some(id) = job_ids.next()
            {
                let quiet =
                    if self.arrivals[i].message.awaits_reply { 0 } else { self.rules.quiet };
                let mine = quiet == 0 && leased < may_lease;
                let row = self.turn_job(id, message_id, mine, quiet);
                self.changes.jobs.push(row.clone());
                if mine {
                    leased += 1;
                    job = Some(row);
                }
            }
            let receipt = Receipt { ticket_id: self.ticket_of[i], message_id, duplicate: false };
            let is_awaited = self.arrivals[i].message.awaits_reply;
            accepted[i] = Some(Accepted { receipt, job, is_awaited, reply });
        }
        for (id, ticket) in std::mem::take(&mut self.tickets) {
            self.changes.add_ticket(self.stored.remove(&id), ticket);
        }
        Ok((0..self.arrivals.len()).map(|i| self.outcome(i, &accepted)).collect())
    }

    fn next(&self, i: usize) -> Next {
        let arrival = &self.arrivals[i];
        let blocked = self.is_blocked(i);
        let joined = self.tickets.get(&self.ticket_of[i]).is_some_and(|t| t.taken_by.is_some());
        let turn = !blocked && !arrival.is_thanks && arrival.message.is_asking();
        let answer = turn && !joined && self.answers[i].is_some();
        let acknowledge = arrival.message.awaits_reply && (!turn || joined);
        Next { turn: turn && !answer, answer, acknowledge }
    }

    /// The answer that was made before.
    fn answer(&mut self, i: usize, message_id: i64, reply_id: i64) -> Option<Reply> {
        let ahead = self.answers[i].take()?;
        let decided = Decided {
            message_id,
            is_awaited: true,
            assistant: ahead.assistant,
            language: ahead.verdict.language,
            verdict: Some(ahead.verdict),
            is_too_many: false,
            took: ahead.took,
        };
        Some(self.post(i, &decided)?.reply(reply_id))
    }

    fn add_message(
        &mut self,
        i: usize,
        id: i64,
        file_ids: &mut impl Iterator<Item = i64>,
    ) -> Option<()> {
        let arrival = &self.arrivals[i];
        let now = self.now;
        let ticket = self.tickets.get(&self.ticket_of[i])?;
        let message = message_row(arrival, id, ticket, now);
        let files: Vec<Attachment> = arrival
            .files
            .iter()
            .zip(file_ids)
            .map(|(kept, file_id)| kept.row(file_id, id, now))
            .collect();
        if !self.is_blocked(i) {
            self.changes.events.extend(events::message_added(ticket, &message, &files, now));
        }
        if let Some(asked) = &arrival.message.idempotency {
            self.changes.idempotency.push(IdempotencyKey {
                scope: scope(asked),
                key: asked.key.clone(),
                request: asked.request.clone(),
                resource_id: id,
                created_at: now,
            });
        }
        self.changes.messages.push(message);
        self.changes.attachments.extend(files);
        Some(())
    }

    /// A short reply of the engine's own, with the decision that nothing more will be said.
    fn acknowledge(&mut self, i: usize, message_id: i64, reply_id: i64) -> Option<Reply> {
        let language = self.language_of(i);
        let blocked = self.is_blocked(i);
        let text = if blocked {
            self.texts.noted(language)
        } else if self.arrivals[i].is_thanks {
            self.texts.thanks_reply(language)
        } else {
            self.texts.received(language)
        };
        let decided = Decided {
            message_id,
            is_awaited: true,
            assistant: "engine",
            verdict: None,
            is_too_many: false,
            language,
            took: Duration::ZERO,
        };
        Some(self.post(i, &decided)?.acknowledge(reply_id, text, !blocked))
    }

    fn post<'a>(&'a mut self, i: usize, decided: &'a Decided) -> Option<Post<'a>> {
        let ticket = self.tickets.get_mut(&self.ticket_of[i])?;
        let (texts, now) = (&self.texts, self.now);
        Some(Post { decided, ticket, texts, now, changes: &mut self.changes })
    }

    fn turn_job(&self, id: i64, message_id: i64, mine: bool, quiet: Millis) -> Job {
        let job = Job::new(id, JobKind::AnswerTicket, message_id, self.now + quiet, self.now);
        if mine { job.leased(&self.rules.node, self.now + self.rules.lease) } else { job }
    }

    fn outcome(&self, i: usize, accepted: &[Option<Accepted>]) -> Result<Accepted, Error> {
        let repeat = |receipt| Accepted { receipt, job: None, is_awaited: false, reply: None };
        match &self.fates[i] {
            Fate::Refused(error) => Err(error.clone()),
            Fate::Repeat(receipt) => Ok(repeat(*receipt)),
            Fate::SameAs(first) => {
                let first = accepted[*first].as_ref().ok_or_else(lost)?;
                Ok(repeat(Receipt { duplicate: true, ..first.receipt }))
            }
            Fate::New => accepted[i].clone().ok_or_else(lost),
        }
    }
}

/// The database gave fewer ids than were asked for.
fn lost() -> Error {
    Error::new(Kind::Internal, "Something went wrong on our side. Please send it again.")
}

fn message_row(arrival: &Arrival, id: i64, ticket: &Ticket, now: Millis) -> Message {
    let message = &arrival.message;
    Message {
        external_id: message.external_id.clone(),
        metadata: metadata_of(arrival),
        ..Message::new(id, ticket, Author::Customer, message.text.clone(), now)
    }
}

fn metadata_of(arrival: &Arrival) -> Option<serde_json::Value> {
    let mut metadata = arrival.message.metadata.clone();
    if let Some(machine) = &arrival.message.machine {
        metadata = serde_json::json!({ "machine": machine, "channel": metadata });
    }
    if let Some(edits) = &arrival.message.edits {
        metadata = serde_json::json!({ "edits": edits, "channel": metadata });
    }
    (!metadata.is_null()).then_some(metadata)
}
