//! Who writes, how often, and under which name.

use std::collections::BTreeSet;

use centrium_channels::ChannelKind;
use rand::RngExt;
use rand::rngs::StdRng;

use super::Plan;
use super::words::{self, Tongue};
use crate::store::contacts::{Contact, NewIdentity};
use crate::store::{Changes, Result, StoredKind, Table, Tx, reserve};

/// Customers and the ids of those who have written.
pub(super) struct Customers {
    count: u64,
    known: Vec<i64>,
    /// Who writes for the first time in this set.
    new: BTreeSet<u64>,
}

impl Customers {
    /// Two customers to five tickets.
    pub fn new(tickets: u64) -> Self {
        let count = (tickets * 2 / 5).max(1);
        Self { count, known: vec![0; usize::try_from(count).unwrap_or(0)], new: BTreeSet::new() }
    }

    /// The next one to write. By Zipf's law the customer of rank r writes with a weight of 1/r; the
    /// logarithm of the rank is then spread evenly.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank is positive and far below 2^53"
    )]
    pub fn next(&mut self, random: &mut StdRng) -> u64 {
        let even: f64 = random.random();
        let rank = ((self.count as f64 + 1.0).ln() * even).exp() as u64 - 1;
        let customer = rank.min(self.count - 1);
        if self.id(customer) == 0 {
            self.new.insert(customer);
        }
        customer
    }

    /// The contact's id; 0 before it is registered.
    pub fn id(&self, customer: u64) -> i64 {
        let place = usize::try_from(customer).unwrap_or(usize::MAX);
        self.known.get(place).copied().unwrap_or(0)
    }

    /// Makes contacts of those who are new in this set.
    pub async fn register(&mut self, tx: &Tx, plan: &Plan, changes: &mut Changes) -> Result<()> {
        let new: Vec<u64> = std::mem::take(&mut self.new).into_iter().collect();
        let ids = reserve(tx, Table::Contacts, new.len()).await?;
        for (customer, id) in new.into_iter().zip(ids) {
            let (contact, identity) = rows(customer, id, plan);
            changes.contacts.insert(id, contact);
            changes.identities.push(identity);
            if let Some(known) = self.known.get_mut(usize::try_from(customer).unwrap_or(0)) {
                *known = id;
            }
        }
        Ok(())
    }
}

/// Where this customer writes: always on the same channel.
pub(super) fn channel(customer: u64) -> ChannelKind {
    match customer % 20 {
        0..=5 => ChannelKind::Web,
        6..=10 => ChannelKind::Telegram,
        11..=13 => ChannelKind::Email,
        14..=16 => ChannelKind::Whatsapp,
        _ => ChannelKind::Api,
    }
}

fn rows(customer: u64, id: i64, plan: &Plan) -> (Contact, NewIdentity) {
    let kind = channel(customer);
    let (name, language) = (words::name(customer), Tongue::of(customer).code());
    // The seed keeps the names of two fillings of one database apart.
    let identifier = match kind {
        ChannelKind::Email => format!("customer{customer}.{}@example.com", plan.seed),
        ChannelKind::Telegram => format!("{}", 100_000_000 + plan.seed * 10_000_000 + customer),
        ChannelKind::Whatsapp => format!("7{:010}", plan.seed * 10_000_000 + customer),
        _ => format!("{}-{}-{customer}", kind.as_str(), plan.seed),
    };
    let contact = Contact {
        id,
        name: Some(name.clone()),
        email: (kind == ChannelKind::Email).then(|| identifier.clone()),
        phone: (kind == ChannelKind::Whatsapp).then(|| identifier.clone()),
        language: Some(language.to_owned()),
        is_blocked: customer % 997 == 996,
        metadata: None,
        search_text: format!("{name} {identifier}").to_lowercase(),
        search_version: 1,
        indexed_version: 0,
        created_at: plan.now,
        updated_at: plan.now,
    };
    let identity = NewIdentity {
        contact_id: id,
        channel: StoredKind(kind),
        identifier,
        is_verified: true,
        created_at: plan.now,
    };
    (contact, identity)
}
