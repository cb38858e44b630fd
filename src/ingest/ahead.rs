//! Answers that are made before their messages are written, so that both are stored in one commit.
//!
//! Where the assistant answers at once, its turn is thought through outside of the transaction,
//! from what is stored at that moment. Under the lock it is looked at once more: where the ticket
//! changed meanwhile, the answer is thrown away, and the message gets its turn in a job.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::arrival::Arrival;
use super::seen::Seen;
use super::set::{Rules, Set};
use crate::assistant::{Assistant, Turn, Verdict};
use crate::clock::Millis;
use crate::store::{Result, Store};
use crate::tickets::Status;

/// Turns that are thought through one after the other; more of them are shared out.
const FEW: usize = 8;
/// Bytes of a message whose turn is short enough for its neighbours to wait for it.
const SHORT: usize = 8 * 1024;

/// An answer that was made before its message was written.
#[derive(Clone, Debug)]
pub struct Ahead {
    /// The id and version of the ticket that it was made for; `None` for one to be opened.
    ticket: Option<(i64, i64)>,
    /// Who made it.
    pub(super) assistant: &'static str,
    pub(super) verdict: Verdict,
    pub(super) took: Duration,
}

/// What can be made out about a set before its transaction.
#[derive(Clone, Debug, Default)]
pub struct Outlook {
    /// For each message its answer, where it was made already.
    pub(super) answers: Vec<Option<Ahead>>,
    /// What these were made from.
    pub(super) seen: Option<Seen>,
    /// How many senders are new.
    pub(super) new_contacts: usize,
    /// How many tickets will be opened.
    pub(super) new_tickets: usize,
}

/// Makes the answers of a set. There is none where a message has no turn, or has it in a job; and
/// none at all where a question fails, for the transaction to say so.
///
/// # Errors
/// As [`Store::read_ahead`].
pub async fn look_ahead(
    store: &Store,
    assistant: &Arc<dyn Assistant>,
    arrivals: &[Arrival],
    rules: &Rules,
    now: Millis,
) -> Result<Outlook> {
    let nothing = Outlook { answers: vec![None; arrivals.len()], ..Outlook::default() };
    if assistant.as_immediate().is_none() || !arrivals.iter().any(has_turn) {
        return Ok(nothing);
    }
    let (turn, conn) = store.read_ahead().await?;
    let seen = Seen::read(&conn, arrivals, now - rules.reopen, now).await;
    drop((conn, turn));
    let Ok(seen) = seen else { return Ok(nothing) };
    let is_asked = |arrival: &Arrival| has_turn(arrival) && !seen.may_be_too_fast(arrival);
    let turns = arrivals.iter().map(|arrival| is_asked(arrival).then(|| seen.turn_of(arrival)));
    let (new_contacts, new_tickets) = seen.count_new(arrivals);
    let answers = think(assistant, turns.collect()).await;
    Ok(Outlook { answers, seen: Some(seen), new_contacts, new_tickets })
}

/// Only of callers who wait: the others' messages may come in pieces.
fn has_turn(arrival: &Arrival) -> bool {
    let message = &arrival.message;
    let is_short = message.text.len() <= SHORT;
    message.awaits_reply && message.is_asking() && !arrival.is_thanks && is_short
}

/// A turn, and what it was made from.
type Prepared = (Option<(i64, i64)>, Turn);

async fn think(assistant: &Arc<dyn Assistant>, turns: Vec<Option<Prepared>>) -> Vec<Option<Ahead>> {
    if turns.len() <= FEW {
        return answer_all(&**assistant, turns);
    }
    let mut shares = Vec::new();
    let mut turns = turns.into_iter().peekable();
    while turns.peek().is_some() {
        let share: Vec<_> = turns.by_ref().take(FEW).collect();
        let (assistant, count) = (assistant.clone(), share.len());
        shares.push((count, tokio::spawn(async move { answer_all(&*assistant, share) })));
    }
    let mut answers = Vec::new();
    for (count, share) in shares {
        answers.extend(share.await.unwrap_or_else(|_| vec![None; count]));
    }
    answers
}

fn answer_all(assistant: &dyn Assistant, turns: Vec<Option<Prepared>>) -> Vec<Option<Ahead>> {
    turns.into_iter().map(|turn| answer(assistant, turn?)).collect()
}

/// A turn that panics is a job's turn, where that is told and counted.
fn answer(assistant: &dyn Assistant, (ticket, turn): Prepared) -> Option<Ahead> {
    let began = Instant::now();
    let immediate = assistant.as_immediate()?;
    let verdict = catch_unwind(AssertUnwindSafe(|| immediate.decide(&turn))).ok()?;
    let took = began.elapsed();
    crate::telemetry::record_assistant(assistant.name(), took);
    Some(Ahead { ticket, assistant: assistant.name(), verdict, took })
}

impl Seen {
    /// Whether the ticket may have had as many answers as it may. A job then finds out.
    fn may_be_too_fast(&self, arrival: &Arrival) -> bool {
        let ticket = self.ticket_of(&arrival.message);
        ticket.is_some_and(|ticket| self.fast.contains(&ticket.id))
    }

    fn turn_of(&self, arrival: &Arrival) -> Prepared {
        let message = &arrival.message;
        let (contact, ticket) = (self.contact_of(message), self.ticket_of(message));
        let remembered = || contact?.language.as_deref()?.parse().ok();
        // This message opens a closed one again.
        let open = ticket.filter(|ticket| ticket.status != Status::Closed);
        let turn = Turn {
            message: message.text.clone(),
            images: arrival.files.iter().filter(|file| file.display_key.is_some()).count(),
            // An assistant that looks at them does not answer at once.
            pictures: Vec::new(),
            history: open.and_then(|t| self.histories.get(&t.id)).cloned().unwrap_or_default(),
            language: arrival.language.or_else(remembered),
            category: ticket.and_then(|ticket| ticket.category.clone()),
        };
        (ticket.map(|ticket| (ticket.id, ticket.version)), turn)
    }
}

impl Set<'_> {
    /// An answer holds for the ticket that it was made for, at the version that was seen.
    pub(super) fn keep_answer_if_nothing_changed(&mut self, i: usize, ticket_id: Option<i64>) {
        let ticket = ticket_id.and_then(|id| self.tickets.get(&id));
        let is_the_same = self.answers[i]
            .as_ref()
            .is_some_and(|ahead| ahead.ticket == ticket.map(|t| (t.id, t.version)));
        if !is_the_same {
            self.answers[i] = None;
        }
    }
}
