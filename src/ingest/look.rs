//! What a set must know before anything is decided, asked all at once as its transaction begins.

use std::collections::{HashMap, HashSet};

use centrium_channels::ChannelKind;
use tokio::try_join;

use super::ahead::Outlook;
use super::arrival::Arrival;
use crate::store::channels::{self, ChannelRow};
use crate::store::contacts::{self, Contact};
use crate::store::{Conn, Result, StoredKind, Table, Tx, fetch};

/// What is stored as the transaction begins.
pub struct Looked {
    pub(super) channels: Vec<ChannelRow>,
    /// The senders that are known.
    pub(super) senders: HashMap<(StoredKind, String), Contact>,
    /// Of them, those whom no other engine changes until the transaction ends.
    pub(super) locked: HashSet<i64>,
}

/// Begins the transaction, and looks. What the outlook expects is locked and fetched in the same
/// breath; where it was wrong, the set does so later.
///
/// # Errors
/// As every statement.
pub async fn look(tx: &Tx, arrivals: &[Arrival], outlook: &Outlook) -> Result<Looked> {
    // Not the ids of messages: those of a ticket must grow, so they are taken when it is locked.
    let ((), channels, mut senders, known, (), ()) = try_join!(
        biased;
        tx.begin(),
        channels::all(tx),
        find_senders(tx, arrivals),
        contacts::lock(tx, &outlook.contacts),
        fetch(tx, Table::Contacts, outlook.new_contacts),
        fetch(tx, Table::Tickets, outlook.new_tickets),
    )?;
    let known: HashMap<i64, Contact> = known.into_iter().map(|known| (known.id, known)).collect();
    for sender in senders.values_mut() {
        if let Some(now) = known.get(&sender.id) {
            sender.clone_from(now);
        }
    }
    Ok(Looked { channels, senders, locked: known.into_keys().collect() })
}

/// The senders that are known, by their channel and their id on it.
pub(super) async fn find_senders(
    conn: &Conn,
    arrivals: &[Arrival],
) -> Result<HashMap<(StoredKind, String), Contact>> {
    let mut senders = HashMap::new();
    for kind in ChannelKind::ALL {
        let its = arrivals.iter().map(|a| &a.message).filter(|m| m.channel == kind);
        let mut identifiers: Vec<String> = its.map(|m| m.sender.identifier.clone()).collect();
        identifiers.sort_unstable();
        identifiers.dedup();
        let kind = StoredKind(kind);
        for (identifier, contact) in contacts::find_by_identity(conn, kind, &identifiers).await? {
            senders.insert((kind, identifier), contact);
        }
    }
    Ok(senders)
}
