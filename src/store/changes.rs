//! Everything that one transaction changes, gathered in memory and then written in a few
//! statements, however many messages it holds.

use std::collections::BTreeMap;

use super::attachments::Attachment;
use super::contacts::{Contact, NewIdentity};
use super::decisions::Decision;
use super::events::{NewEvent, fan_out};
use super::idempotency::IdempotencyKey;
use super::insert::{Rows, write_all};
use super::jobs::{self, Job};
use super::messages::Message;
use super::tickets::{Ticket, Touched};
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
    /// Tickets of which nothing but their version and the time of their last change is new.
    pub touched: Vec<Touched>,
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
    /// Adds a ticket, where it is new or differs from what is `stored`.
    pub fn add_ticket(&mut self, stored: Option<Ticket>, ticket: Ticket) {
        let Some(stored) = stored else {
            self.tickets.insert(ticket.id, ticket);
            return;
        };
        let (version, updated_at) = (ticket.version, ticket.updated_at);
        if stored.version == version {
            return;
        }
        if (Ticket { version, updated_at, ..stored }) == ticket {
            self.touched.push(Touched(ticket));
        } else {
            self.tickets.insert(ticket.id, ticket);
        }
    }

    /// Writes it all: on PostgreSQL one statement a table, on SQLite one for each 64 rows. With the
    /// events come their deliveries to the webhooks that want them.
    ///
    /// # Errors
    /// As every statement; the transaction must then be dropped.
    pub async fn write(self, tx: &Tx) -> Result<()> {
        if !self.events.is_empty() {
            tx.note_events();
        }
        let contacts: Vec<_> = self.contacts.into_values().collect();
        let tickets: Vec<_> = self.tickets.into_values().collect();
        // What others refer to comes first.
        let tables: Vec<Box<dyn Rows>> = vec![
            Box::new(contacts),
            Box::new(self.identities),
            Box::new(tickets),
            Box::new(self.touched),
            Box::new(self.messages),
            Box::new(self.attachments),
            Box::new(self.decisions),
            Box::new(self.idempotency),
            Box::new(self.jobs),
        ];
        tokio::try_join!(biased; write_all(tx, tables), fan_out::write(tx, self.events))?;
        jobs::delete(tx, self.finished).await
    }
}
