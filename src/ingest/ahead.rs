//! Answers that are made before their messages are written, so that both are stored in one commit.
//!
//! Where the assistant answers at once, its turn is thought through outside of the transaction,
//! from what is stored at that moment. Under the lock it is looked at once more: where the ticket
//! changed meanwhile, the answer is thrown away, and the message gets its turn in a job.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use centrium_channels::{ChannelKind, Incoming};

use super::arrival::Arrival;
use super::look::find_senders;
use super::set::{Rules, Set};
use super::thread::claim;
use crate::assistant::{Assistant, Said, Turn, Verdict};
use crate::clock::Millis;
use crate::jobs::answer_ticket::{HISTORY, said};
use crate::store::contacts::Contact;
use crate::store::tickets::{self, Ticket};
use crate::store::{Conn, Result, Store, StoredKind, messages};

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
    /// The senders that are known.
    pub(super) contacts: Vec<i64>,
    /// How many senders are new.
    pub(super) new_contacts: usize,
    /// How many tickets will be opened.
    pub(super) new_tickets: usize,
}

/// Makes the answers of a set. There is none where a message has no turn, or has it in a job; and
/// none at all where the store can't be read, for the transaction to say so.
pub async fn look_ahead(
    store: &Store,
    assistant: &Arc<dyn Assistant>,
    arrivals: &[Arrival],
    rules: &Rules,
    now: Millis,
) -> Outlook {
    let nothing = Outlook { answers: vec![None; arrivals.len()], ..Outlook::default() };
    if assistant.as_immediate().is_none() || !arrivals.iter().any(has_turn) {
        return nothing;
    }
    let seen = async { Seen::read(&*store.read().await?, arrivals, now - rules.reopen).await };
    let Ok(seen) = seen.await else { return nothing };
    let turns = arrivals.iter().map(|arrival| has_turn(arrival).then(|| seen.turn_of(arrival)));
    let (new_contacts, new_tickets) = seen.count_new(arrivals);
    Outlook {
        answers: think(assistant, turns.collect()).await,
        contacts: seen.contacts.values().map(|contact| contact.id).collect(),
        new_contacts,
        new_tickets,
    }
}

/// Only of callers who wait: the others' messages may come in pieces.
fn has_turn(arrival: &Arrival) -> bool {
    let message = &arrival.message;
    let is_short = message.text.len() <= SHORT;
    message.awaits_reply && message.machine.is_none() && !arrival.is_thanks && is_short
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

/// What is stored about the senders of a set.
struct Seen {
    contacts: HashMap<(StoredKind, String), Contact>,
    by_conversation: HashMap<(ChannelKind, String), Ticket>,
    by_contact: HashMap<(ChannelKind, i64), Ticket>,
    histories: HashMap<i64, Vec<Said>>,
}

impl Seen {
    async fn read(conn: &Conn, arrivals: &[Arrival], closed_since: Millis) -> Result<Self> {
        let contacts = find_senders(conn, arrivals).await?;
        let (by_conversation, by_contact) = (HashMap::new(), HashMap::new());
        let mut seen = Self { contacts, by_conversation, by_contact, histories: HashMap::new() };
        for kind in ChannelKind::ALL {
            let its = || arrivals.iter().map(|a| &a.message).filter(|m| m.channel == kind);
            let stored = StoredKind(kind);
            let asked: Vec<String> = its().filter_map(|m| m.conversation.clone()).collect();
            let ids = tickets::of_conversations(conn, stored, &asked).await?;
            for ticket in tickets::by_ids(conn, &ids).await? {
                if let Some(conversation) = ticket.external_id.clone() {
                    seen.by_conversation.insert((kind, conversation), ticket);
                }
            }
            let known: Vec<i64> = its()
                .filter(|m| m.conversation.is_none())
                .filter_map(|m| seen.contact_of(m))
                .map(|contact| contact.id)
                .collect();
            let mut current = tickets::current(conn, stored, &known, closed_since).await?;
            current.sort_by_key(claim);
            seen.by_contact.extend(current.into_iter().map(|t| ((kind, t.contact_id), t)));
        }
        seen.read_histories(conn).await?;
        Ok(seen)
    }

    async fn read_histories(&mut self, conn: &Conn) -> Result<()> {
        let tickets = self.by_conversation.values().chain(self.by_contact.values());
        let mut ids: Vec<i64> = tickets.map(|ticket| ticket.id).collect();
        // A ticket may be found both by its conversation and by its customer.
        ids.sort_unstable();
        ids.dedup();
        for message in messages::newest_of(conn, &ids, HISTORY).await? {
            let history = self.histories.entry(message.ticket_id).or_default();
            history.extend(said(message));
        }
        Ok(())
    }

    fn contact_of(&self, message: &Incoming) -> Option<&Contact> {
        self.contacts.get(&(StoredKind(message.channel), message.sender.identifier.clone()))
    }

    fn ticket_of(&self, message: &Incoming) -> Option<&Ticket> {
        match &message.conversation {
            Some(id) => self.by_conversation.get(&(message.channel, id.clone())),
            None => self.by_contact.get(&(message.channel, self.contact_of(message)?.id)),
        }
    }

    /// How many senders, and how many tickets, there will be that are not there yet.
    fn count_new(&self, arrivals: &[Arrival]) -> (usize, usize) {
        let (mut senders, mut threads) = (HashSet::new(), HashSet::new());
        for message in arrivals.iter().map(|arrival| &arrival.message) {
            let sender = (message.channel, &message.sender.identifier);
            if self.contact_of(message).is_none() {
                senders.insert(sender);
            }
            if self.ticket_of(message).is_none() {
                threads.insert(
                    message
                        .conversation
                        .as_ref()
                        .map_or((sender, false), |id| ((message.channel, id), true)),
                );
            }
        }
        (senders.len(), threads.len())
    }

    fn turn_of(&self, arrival: &Arrival) -> Prepared {
        let message = &arrival.message;
        let (contact, ticket) = (self.contact_of(message), self.ticket_of(message));
        let remembered = || contact?.language.as_deref()?.parse().ok();
        let turn = Turn {
            message: message.text.clone(),
            images: arrival.files.iter().filter(|file| file.display_key.is_some()).count(),
            history: ticket.and_then(|t| self.histories.get(&t.id)).cloned().unwrap_or_default(),
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
