//! A set of messages becomes rows, in one transaction. Every step is a few statements for the
//! whole set.

use std::collections::HashMap;
use std::sync::Arc;

use centrium_channels::{ChannelKind, Error, Kind, Receipt};

use super::ahead::{Ahead, Outlook};
use super::arrival::{Accepted, Arrival};
use super::look::look;
use crate::assistant::{Language, Live, Texts};
use crate::clock::Millis;
use crate::store::channels::ChannelRow;
use crate::store::contacts::Contact;
use crate::store::tickets::Ticket;
use crate::store::{Changes, Result, StoredKind, Tx};

/// What the set needs to know of the installation.
#[derive(Clone)]
pub struct Rules {
    /// Short acknowledgements, among others.
    pub live: Live,
    /// The language of a customer whose own can't be told.
    pub default_language: Language,
    /// How long a closed ticket takes its customer's next message; 0 = never.
    pub reopen: Millis,
    /// The name of this engine, under which it leases jobs to itself.
    pub node: String,
    /// How long such a lease is.
    pub lease: Millis,
    /// How long the assistant waits for the rest of a message that is sent in pieces; never where
    /// a caller waits for the answer.
    pub quiet: Millis,
}

/// What became of one message of the set.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// It will be written.
    New,
    /// It was written before.
    Repeat(Receipt),
    /// It is the same as an earlier one of this set, by its place.
    SameAs(usize),
    /// It can't be taken.
    Refused(Error),
}

/// The set while it is being worked on.
pub(super) struct Set<'a> {
    pub(super) arrivals: &'a [Arrival],
    pub(super) rules: &'a Rules,
    pub(super) texts: Arc<Texts>,
    pub(super) now: Millis,
    /// One for each arrival.
    pub(super) fates: Vec<Fate>,
    /// Contacts of this set, known and new.
    pub(super) contacts: HashMap<i64, Contact>,
    /// Tickets of this set, known and new.
    pub(super) tickets: HashMap<i64, Ticket>,
    /// The known ones as they are stored.
    pub(super) stored: HashMap<i64, Ticket>,
    /// For each arrival that is new: its contact and its ticket.
    pub(super) contact_of: Vec<i64>,
    pub(super) ticket_of: Vec<i64>,
    /// For each arrival the answer that was made before, while it still holds.
    pub(super) answers: Vec<Option<Ahead>>,
    pub(super) changes: Changes,
}

/// Writes a set of messages, and says of each what became of it. `outlook` is what was made out before
/// the transaction, which this begins. `may_lease` tells how many jobs this engine can take on by
/// itself; the others are left for whoever is free.
///
/// # Errors
/// When the set can't be written. The transaction must then be dropped, and nothing was stored.
pub async fn write(
    tx: &Tx,
    arrivals: &[Arrival],
    mut outlook: Outlook,
    rules: &Rules,
    now: Millis,
    may_lease: usize,
) -> Result<Vec<Result<Accepted, Error>>> {
    let mut looked = look(tx, arrivals, &mut outlook).await?;
    let mut set = Set {
        arrivals,
        rules,
        texts: rules.live.now().texts.clone(),
        now,
        fates: vec![Fate::New; arrivals.len()],
        contacts: HashMap::new(),
        tickets: HashMap::new(),
        stored: HashMap::new(),
        contact_of: vec![0; arrivals.len()],
        ticket_of: vec![0; arrivals.len()],
        answers: outlook.answers,
        changes: Changes::default(),
    };
    set.refuse_what_is_switched_off(&looked.channels);
    set.find_repeats(tx).await?;
    let seen = looked.seen.take();
    set.find_or_make_contacts(tx, looked).await?;
    set.find_or_open_tickets(tx, seen).await?;
    let accepted = set.compose(tx, may_lease).await?;
    set.changes.write(tx).await?;
    Ok(accepted)
}

impl Set<'_> {
    fn refuse_what_is_switched_off(&mut self, rows: &[ChannelRow]) {
        for (arrival, fate) in self.arrivals.iter().zip(&mut self.fates) {
            let kind = StoredKind(arrival.message.channel);
            if rows.iter().any(|row| row.kind == kind && !row.is_active) {
                *fate = Fate::Refused(Error::new(
                    Kind::ChannelOff,
                    format!("The channel {} is switched off. Please come again later.", kind.0),
                ));
            }
        }
    }

    /// The arrivals that will be written, by their places.
    pub(super) fn new_ones(&self) -> Vec<usize> {
        (0..self.fates.len()).filter(|&i| matches!(self.fates[i], Fate::New)).collect()
    }

    /// The values that `pick` finds in the new arrivals of each channel, each once.
    pub(super) fn by_channel<T: Ord>(
        &self,
        pick: impl Fn(&Arrival) -> Option<T>,
    ) -> Vec<(StoredKind, Vec<T>)> {
        ChannelKind::ALL
            .into_iter()
            .map(|kind| {
                let mut values: Vec<T> = self
                    .new_ones()
                    .into_iter()
                    .map(|i| &self.arrivals[i])
                    .filter(|arrival| arrival.message.channel == kind)
                    .filter_map(&pick)
                    .collect();
                values.sort_unstable();
                values.dedup();
                (StoredKind(kind), values)
            })
            .filter(|(_, values)| !values.is_empty())
            .collect()
    }
}
