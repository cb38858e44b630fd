//! What a set must know before anything is decided, asked all at once as its transaction begins.

use std::collections::{HashMap, HashSet};

use centrium_channels::ChannelKind;
use tokio::try_join;

use super::ahead::Outlook;
use super::arrival::Arrival;
use super::seen::Seen;
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
    /// What was seen before, where it still holds.
    pub(super) seen: Option<Seen>,
}

/// Begins the transaction, and looks. What the outlook expects is locked and fetched in the same
/// breath; where it was wrong, the set does so later.
///
/// # Errors
/// As every statement.
pub async fn look(tx: &Tx, arrivals: &[Arrival], outlook: &mut Outlook) -> Result<Looked> {
    let seen = outlook.seen.take();
    let expected = seen.iter().flat_map(|seen| seen.contacts.values().map(|contact| contact.id));
    let expected: Vec<i64> = expected.collect();
    // Not the ids of messages: those of a ticket must grow, so they are taken when it is locked.
    let ((), channels, (mut senders, seen), known, (), ()) = try_join!(
        biased;
        tx.begin(),
        channels::all(tx),
        look_again(tx, arrivals, seen),
        contacts::lock(tx, &expected),
        fetch(tx, Table::Contacts, outlook.new_contacts),
        fetch(tx, Table::Tickets, outlook.new_tickets),
    )?;
    let known: HashMap<i64, Contact> = known.into_iter().map(|known| (known.id, known)).collect();
    for sender in senders.values_mut() {
        if let Some(now) = known.get(&sender.id) {
            sender.clone_from(now);
        }
    }
    Ok(Looked { channels, senders, locked: known.into_keys().collect(), seen })
}

/// Asks for the senders again, unless what was seen still holds.
async fn look_again(
    tx: &Tx,
    arrivals: &[Arrival],
    seen: Option<Seen>,
) -> Result<(HashMap<(StoredKind, String), Contact>, Option<Seen>)> {
    if let Some(mut seen) = seen
        && seen.holds(tx).await?
    {
        return Ok((std::mem::take(&mut seen.contacts), Some(seen)));
    }
    Ok((find_senders(tx, arrivals).await?, None))
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
