//! Customers to whom nobody answers.

use super::transaction::again;
use super::{Error, Result, Status, life};
use crate::engine::Engine;
use crate::store::contacts::Contact;
use crate::store::{Changes, contacts, tickets};

/// Blocks a contact and closes its open tickets: what it writes from now on is stored on a
/// closed ticket, and nobody is told.
///
/// # Errors
/// `NotFound`, `Store`.
pub async fn block(engine: &Engine, contact_id: i64) -> Result<Contact> {
    set_blocked(engine, contact_id, true).await
}

/// Lets a contact be heard again. Its tickets stay closed until it writes.
///
/// # Errors
/// `NotFound`, `Store`.
pub async fn unblock(engine: &Engine, contact_id: i64) -> Result<Contact> {
    set_blocked(engine, contact_id, false).await
}

async fn set_blocked(engine: &Engine, contact_id: i64, blocked: bool) -> Result<Contact> {
    again(move || async move {
        let now = engine.clock.now();
        let tx = engine.store.begin().await?;
        // The contact before its tickets, in the order in which arriving messages lock them.
        if !contacts::set_blocked(&tx, contact_id, blocked, now).await? {
            return Err(Error::NotFound("contact"));
        }
        let mut changes = Changes::default();
        if blocked {
            let open = tickets::open_of_contact(&tx, contact_id).await?;
            for mut ticket in tickets::lock(&tx, &open).await? {
                life::set_status(&mut ticket, Status::Closed, &mut changes.events, now);
                changes.tickets.insert(ticket.id, ticket);
            }
        }
        changes.write(&tx).await?;
        let contact = contacts::get(&tx, contact_id).await?;
        tx.commit().await?;
        contact.ok_or(Error::NotFound("contact"))
    })
    .await
}
