//! Which ticket takes a message: its conversation's, else the customer's current one, else a new
//! one.

use std::collections::{HashMap, HashSet};

use centrium_channels::ChannelKind;

use super::seen::Seen;
use super::set::Set;
use crate::events;
use crate::store::tickets::{self, Ticket};
use crate::store::{Result, StoredKind, Table, Tx, reserve};
use crate::tickets::{Priority, Status, life};

/// What finds a ticket again within the set: its conversation, or its customer.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Thread {
    Conversation(StoredKind, String),
    Customer(StoredKind, i64),
}

/// Of a customer's tickets, the one with the largest claim takes the next message: open ones before
/// closed ones, newer ones before older.
pub(super) fn claim(ticket: &Ticket) -> (bool, i64) {
    (ticket.status != Status::Closed, ticket.id)
}

impl Set<'_> {
    /// `seen` is what was found before, where it still holds.
    pub(super) async fn find_or_open_tickets(&mut self, tx: &Tx, seen: Option<Seen>) -> Result<()> {
        let mut known = match seen {
            Some(seen) => self.know(seen),
            None => self.find_known(tx).await?,
        };
        self.stored = self.tickets.clone();
        let missing = self.missing(&known);
        let mut ids = reserve(tx, Table::Tickets, missing).await?;
        for i in self.new_ones() {
            let thread = self.thread_of(i);
            let known_id = known.get(&thread).copied();
            self.keep_answer_if_nothing_changed(i, known_id);
            if let Some(id) = known_id {
                self.ticket_of[i] = id;
                self.continue_ticket(i, id);
            } else if let Some(id) = ids.next() {
                self.ticket_of[i] = id;
                self.open_ticket(i, id);
                // From here on it is also this customer's newest ticket.
                known.insert(Thread::Customer(self.channel_of(i), self.contact_of[i]), id);
                known.insert(thread, id);
            }
        }
        Ok(())
    }

    fn channel_of(&self, i: usize) -> StoredKind {
        StoredKind(self.arrivals[i].message.channel)
    }

    fn thread_of(&self, i: usize) -> Thread {
        let channel = self.channel_of(i);
        match self.arrivals[i].message.lasting_conversation() {
            Some(conversation) => Thread::Conversation(channel, conversation.clone()),
            None => Thread::Customer(channel, self.contact_of[i]),
        }
    }

    fn know(&mut self, seen: Seen) -> HashMap<Thread, i64> {
        let mut known = HashMap::new();
        for ((kind, conversation), ticket) in seen.by_conversation {
            known.insert(Thread::Conversation(kind, conversation), ticket.id);
            self.tickets.insert(ticket.id, ticket);
        }
        for ((kind, contact_id), ticket) in seen.by_contact {
            known.insert(Thread::Customer(kind, contact_id), ticket.id);
            self.tickets.entry(ticket.id).or_insert(ticket);
        }
        known
    }

    async fn find_known(&mut self, tx: &Tx) -> Result<HashMap<Thread, i64>> {
        let mut known = self.find_conversations(tx).await?;
        self.find_current(tx, &mut known).await?;
        Ok(known)
    }

    async fn find_conversations(&mut self, tx: &Tx) -> Result<HashMap<Thread, i64>> {
        let mut known = HashMap::new();
        for (kind, conversations) in self.by_channel(|a| a.message.lasting_conversation().cloned())
        {
            let found = tickets::of_conversations(tx, kind, &conversations).await?;
            for ticket in tickets::lock(tx, &found).await? {
                if let Some(conversation) = ticket.external_id.clone() {
                    known.insert(Thread::Conversation(kind, conversation), ticket.id);
                }
                self.tickets.insert(ticket.id, ticket);
            }
        }
        Ok(known)
    }

    async fn find_current(&mut self, tx: &Tx, known: &mut HashMap<Thread, i64>) -> Result<()> {
        let closed_since = self.now - self.rules.reopen;
        let made = &self.changes.identities;
        let made: HashSet<i64> = made.iter().map(|identity| identity.contact_id).collect();
        let mut wanted: HashMap<StoredKind, Vec<i64>> = HashMap::new();
        for i in self.new_ones() {
            let is_known = !made.contains(&self.contact_of[i]);
            if is_known && self.arrivals[i].message.lasting_conversation().is_none() {
                wanted.entry(self.channel_of(i)).or_default().push(self.contact_of[i]);
            }
        }
        // In one order, so that two sets never lock each other's tickets.
        for kind in ChannelKind::ALL.map(StoredKind) {
            let Some(contact_ids) = wanted.remove(&kind) else { continue };
            let mut found = tickets::lock_current(tx, kind, &contact_ids, closed_since).await?;
            found.sort_by_key(claim);
            for ticket in found {
                known.insert(Thread::Customer(kind, ticket.contact_id), ticket.id);
                self.tickets.entry(ticket.id).or_insert(ticket);
            }
        }
        Ok(())
    }

    /// How many tickets this set will open.
    fn missing(&self, known: &HashMap<Thread, i64>) -> usize {
        let mut opened = HashSet::new();
        let mut count = 0;
        for i in self.new_ones() {
            let thread = self.thread_of(i);
            if !known.contains_key(&thread) && !opened.contains(&thread) {
                opened.insert(Thread::Customer(self.channel_of(i), self.contact_of[i]));
                opened.insert(thread);
                count += 1;
            }
        }
        count
    }

    fn open_ticket(&mut self, i: usize, id: i64) {
        let message = &self.arrivals[i].message;
        let blocked = self.is_blocked(i);
        let ticket = Ticket {
            id,
            contact_id: self.contact_of[i],
            channel: StoredKind(message.channel),
            external_id: message.conversation.clone(),
            subject: message.subject.clone(),
            status: if blocked { Status::Closed } else { Status::New },
            priority: if message.machine.is_some() { Priority::Low } else { Priority::Medium },
            category: None,
            department: None,
            needs_escalation: false,
            escalation_reason: None,
            escalated_at: None,
            is_auto_solved: false,
            operator: None,
            taken_by: None,
            version: 1,
            indexed_version: 0,
            created_at: self.now,
            updated_at: self.now,
            first_response_at: None,
            closed_at: blocked.then_some(self.now),
            reopened_at: None,
        };
        if !blocked {
            self.changes.events.push(events::ticket_created(&ticket, self.now));
        }
        self.tickets.insert(id, ticket);
    }

    /// A closed ticket is opened again by what means to: not by a thanks, not by a machine or a
    /// corrected letter, not by someone who is blocked.
    fn continue_ticket(&mut self, i: usize, ticket_id: i64) {
        let arrival = &self.arrivals[i];
        let blocked = self.is_blocked(i);
        let silent = arrival.is_thanks || !arrival.message.is_asking() || blocked;
        let Some(ticket) = self.tickets.get_mut(&ticket_id) else { return };
        if blocked && ticket.contact_id == self.contact_of[i] {
            // An operator may have written to them meanwhile, which opened it.
            life::set_status(ticket, Status::Closed, &mut self.changes.events, self.now);
        }
        if ticket.status == Status::Closed && !silent {
            life::set_status(ticket, Status::InProgress, &mut self.changes.events, self.now);
        } else {
            life::touch(ticket, self.now);
        }
    }

    pub(super) fn is_blocked(&self, i: usize) -> bool {
        self.contacts.get(&self.contact_of[i]).is_some_and(|contact| contact.is_blocked)
    }
}
