//! What is stored about the senders of a set: read before its transaction, and used in it as well
//! where nothing was committed in between.

use std::collections::{HashMap, HashSet};

use centrium_channels::{ChannelKind, Incoming};

use super::arrival::Arrival;
use super::look::find_senders;
use super::thread::claim;
use crate::assistant::Said;
use crate::clock::Millis;
use crate::jobs::answer_ticket::{HISTORY, said};
use crate::store::contacts::Contact;
use crate::store::messages::Line;
use crate::store::tickets::{self, Ticket};
use crate::store::{Conn, Result, Snapshot, StoredKind, Tx, messages, snapshot};
use crate::tickets::pace;

/// What is stored about the senders of a set.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Which state of the database this is.
    snapshot: Snapshot,
    /// The senders that are known.
    pub(super) contacts: HashMap<(StoredKind, String), Contact>,
    pub(super) by_conversation: HashMap<(StoredKind, String), Ticket>,
    pub(super) by_contact: HashMap<(StoredKind, i64), Ticket>,
    /// What was said in these tickets.
    pub(super) histories: HashMap<i64, Vec<Said>>,
    /// Tickets that may have had too many answers of late.
    pub(super) fast: HashSet<i64>,
}

impl Seen {
    pub(super) async fn read(
        conn: &Conn,
        arrivals: &[Arrival],
        closed_since: Millis,
        now: Millis,
    ) -> Result<Self> {
        // First, so that whatever is committed while the rest is read shows.
        let snapshot = snapshot(conn).await?;
        let contacts = find_senders(conn, arrivals).await?;
        let (by_conversation, by_contact) = (HashMap::new(), HashMap::new());
        let (histories, fast) = (HashMap::new(), HashSet::new());
        let mut seen = Self { snapshot, contacts, by_conversation, by_contact, histories, fast };
        for kind in ChannelKind::ALL {
            let its = || arrivals.iter().map(|a| &a.message).filter(|m| m.channel == kind);
            let kind = StoredKind(kind);
            let asked: Vec<String> =
                its().filter_map(|m| m.lasting_conversation().cloned()).collect();
            let ids = tickets::of_conversations(conn, kind, &asked).await?;
            for ticket in tickets::by_ids(conn, &ids).await? {
                if let Some(conversation) = ticket.external_id.clone() {
                    seen.by_conversation.insert((kind, conversation), ticket);
                }
            }
            let known: Vec<i64> = its()
                .filter(|m| m.lasting_conversation().is_none())
                .filter_map(|m| seen.contact_of(m))
                .map(|contact| contact.id)
                .collect();
            let mut current = tickets::current(conn, kind, &known, closed_since).await?;
            current.sort_by_key(claim);
            seen.by_contact.extend(current.into_iter().map(|t| ((kind, t.contact_id), t)));
        }
        seen.read_histories(conn, now).await?;
        Ok(seen)
    }

    /// Whether nothing was committed since, by anyone, as far as the transaction can tell.
    pub(super) async fn holds(&self, tx: &Tx) -> Result<bool> {
        self.snapshot.is_current(tx).await
    }

    async fn read_histories(&mut self, conn: &Conn, now: Millis) -> Result<()> {
        let tickets = self.by_conversation.values().chain(self.by_contact.values());
        let mut ids: Vec<i64> = tickets.map(|ticket| ticket.id).collect();
        // A ticket may be found both by its conversation and by its customer.
        ids.sort_unstable();
        ids.dedup();
        let lines = messages::newest_of(conn, &ids, HISTORY).await?;
        self.fast = self.fast_ones(&lines, now);
        let tickets = self.by_conversation.values().chain(self.by_contact.values());
        let reopened = tickets.filter_map(|ticket| Some((ticket.id, ticket.reopened_at?)));
        let reopened: HashMap<i64, Millis> = reopened.collect();
        let is_of_now = |line: &Line| {
            reopened.get(&line.ticket_id).is_none_or(|reopened| line.created_at >= *reopened)
        };
        for line in lines.into_iter().filter(is_of_now) {
            let history = self.histories.entry(line.ticket_id).or_default();
            history.extend(said(line.author, line.text));
        }
        Ok(())
    }

    fn fast_ones(&self, lines: &[Line], now: Millis) -> HashSet<i64> {
        let tickets = self.by_conversation.values().chain(self.by_contact.values());
        let old = tickets.filter(|ticket| !pace::is_too_young(ticket));
        let mut newest: HashMap<i64, Vec<&Line>> =
            old.clone().map(|ticket| (ticket.id, Vec::new())).collect();
        for line in lines {
            if let Some(its) = newest.get_mut(&line.ticket_id) {
                its.push(line);
            }
        }
        let is_fast = |ticket: &&Ticket| {
            let its = newest.get(&ticket.id).map(Vec::as_slice).unwrap_or_default();
            let is_all = i64::try_from(its.len()).is_ok_and(|count| count < HISTORY);
            let its = its.iter().map(|line| (line.author, line.created_at));
            pace::may_be_too_fast(ticket, its, is_all, now)
        };
        old.filter(is_fast).map(|ticket| ticket.id).collect()
    }

    pub(super) fn contact_of(&self, message: &Incoming) -> Option<&Contact> {
        self.contacts.get(&(StoredKind(message.channel), message.sender.identifier.clone()))
    }

    pub(super) fn ticket_of(&self, message: &Incoming) -> Option<&Ticket> {
        let kind = StoredKind(message.channel);
        match message.lasting_conversation() {
            Some(id) => self.by_conversation.get(&(kind, id.clone())),
            None => self.by_contact.get(&(kind, self.contact_of(message)?.id)),
        }
    }

    /// How many senders, and how many tickets, there will be that are not there yet.
    pub(super) fn count_new(&self, arrivals: &[Arrival]) -> (usize, usize) {
        let (mut senders, mut threads) = (HashSet::new(), HashSet::new());
        for message in arrivals.iter().map(|arrival| &arrival.message) {
            let sender = (message.channel, &message.sender.identifier);
            if self.contact_of(message).is_none() {
                senders.insert(sender);
            }
            if self.ticket_of(message).is_none() {
                threads.insert(
                    message
                        .lasting_conversation()
                        .map_or((sender, false), |id| ((message.channel, id), true)),
                );
            }
        }
        (senders.len(), threads.len())
    }
}
