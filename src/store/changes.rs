//! Everything that one transaction changes, gathered in memory and then written in a few
//! statements, however many messages it holds.

use std::collections::BTreeMap;

use super::attachments::{self, Attachment};
use super::contacts::{self, Contact, NewIdentity};
use super::decisions::{self, Decision};
use super::events::{self, NewEvent};
use super::idempotency::{self, IdempotencyKey};
use super::jobs::{self, Job};
use super::messages::{self, Message};
use super::tickets::{self, Ticket};
use super::{Result, Tx};

/// A set of changes that belong together: a cause, and what follows from it.
#[derive(Debug, Default)]
pub struct Changes {
    /// Contacts, new or changed.
    pub contacts: BTreeMap<i64, Contact>,
    /// New names of contacts.
    pub identities: Vec<NewIdentity>,
    /// Tickets, new or changed. Changed ones were locked in this transaction.
    pub tickets: BTreeMap<i64, Ticket>,
    /// New messages.
    pub messages: Vec<Message>,
    /// New files.
    pub attachments: Vec<Attachment>,
    /// What happened.
    pub events: Vec<NewEvent>,
    /// What must be done next.
    pub jobs: Vec<Job>,
    /// Jobs that this finishes.
    pub finished: Vec<i64>,
    /// What was decided.
    pub decisions: Vec<Decision>,
    /// Callers' keys that were used.
    pub idempotency: Vec<IdempotencyKey>,
}

impl Changes {
    /// Writes it all: at most one statement a table (and one more for each 1,000 rows).
    ///
    /// # Errors
    /// As every statement; the transaction must then be dropped.
    pub async fn write(self, tx: &mut Tx) -> Result<()> {
        contacts::upsert(tx, self.contacts.into_values().collect()).await?;
        contacts::insert_identities(tx, self.identities).await?;
        tickets::upsert(tx, self.tickets.into_values().collect()).await?;
        messages::insert(tx, self.messages).await?;
        attachments::insert(tx, self.attachments).await?;
        decisions::insert(tx, self.decisions).await?;
        idempotency::insert(tx, self.idempotency).await?;
        events::insert(tx, self.events).await?;
        jobs::insert(tx, self.jobs).await?;
        jobs::delete(tx, self.finished).await
    }
}
