//! How tickets, contacts and messages look from outside: the JSON of the ticket API, and of what
//! a channel's caller may read of its ticket.

use centrium_channels::ChannelKind;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Author, DeliveryState, Priority, Status};
use crate::clock::rfc3339;
use crate::store::attachments::Attachment;
use crate::store::contacts::{self, Contact, Identity};
use crate::store::messages::Message;
use crate::store::tickets::Ticket;
use crate::store::{Conn, Result, attachments};

/// A ticket.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TicketOut {
    /// Its number.
    pub id: i64,
    /// Where it came from.
    pub channel: ChannelKind,
    /// Its conversation's id on the channel.
    pub external_id: Option<String>,
    /// What it is about.
    pub subject: Option<String>,
    /// Where it is in its life.
    pub status: Status,
    /// How urgent it is.
    pub priority: Priority,
    /// What it is about, in one of the configured words.
    pub category: Option<String>,
    /// Who should deal with it.
    pub department: Option<String>,
    /// A human must come; true until the ticket is closed or patched.
    pub needs_escalation: bool,
    /// Why a human was called.
    pub escalation_reason: Option<String>,
    /// Closed without any human.
    pub is_auto_solved: bool,
    /// Whose it is.
    pub contact: ContactOut,
    /// The person who deals with it.
    pub operator: Option<String>,
    /// When it was opened: RFC 3339 in UTC with milliseconds, as all times.
    pub created_at: String,
    /// When anything last happened to it.
    pub updated_at: String,
}

/// A customer, as a ticket shows them.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ContactOut {
    /// Its number; events call it `user_id`.
    pub id: i64,
    /// A name to show.
    pub name: Option<String>,
    /// Told by a channel; proof of nothing.
    pub email: Option<String>,
    /// Told by a channel; proof of nothing.
    pub phone: Option<String>,
    /// What they are called on each channel, oldest first.
    pub identities: Vec<IdentityOut>,
}

/// What a customer is called on a channel.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct IdentityOut {
    /// The channel.
    pub channel: ChannelKind,
    /// The customer's id there.
    pub identifier: String,
}

/// A message of a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MessageOut {
    /// Its number; later messages have larger ones.
    pub id: i64,
    /// Who wrote it.
    pub author: Author,
    /// The person's name, where an operator wrote it.
    pub operator: Option<String>,
    /// What was written; empty where there are only files.
    pub text: String,
    /// Its files.
    pub attachments: Vec<AttachmentOut>,
    /// Its own id on the channel.
    pub external_id: Option<String>,
    /// How far it has come; null for what came in, for notes and for drafts.
    pub delivery: Option<DeliveryOut>,
    /// The customer's thumb: 1 or -1.
    pub rating: Option<i64>,
    /// When it was stored.
    pub created_at: String,
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AttachmentOut {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it is.
    pub content_type: String,
    /// Bytes of the original.
    pub size: i64,
    /// Where it is; opens with the same key.
    #[schema(example = "/api/attachments/17")]
    pub url: String,
}

/// How far an answer has come.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DeliveryOut {
    /// How far.
    pub state: DeliveryState,
    /// Why it failed, in a sentence.
    pub error: Option<String>,
}

impl TicketOut {
    /// The shape of a ticket of this contact.
    #[must_use]
    pub fn new(ticket: Ticket, contact: ContactOut) -> Self {
        Self {
            id: ticket.id,
            channel: ticket.channel.0,
            external_id: ticket.external_id,
            subject: ticket.subject,
            status: ticket.status,
            priority: ticket.priority,
            category: ticket.category,
            department: ticket.department,
            needs_escalation: ticket.needs_escalation,
            escalation_reason: ticket.escalation_reason,
            is_auto_solved: ticket.is_auto_solved,
            contact,
            operator: ticket.operator,
            created_at: rfc3339(ticket.created_at),
            updated_at: rfc3339(ticket.updated_at),
        }
    }

    /// The shapes of these tickets, in their order, with their contacts: two queries for them all.
    ///
    /// # Errors
    /// As every statement.
    pub async fn load(conn: &Conn, tickets: Vec<Ticket>) -> Result<Vec<Self>> {
        let mut ids: Vec<i64> = tickets.iter().map(|ticket| ticket.contact_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let contacts = contacts::by_ids(conn, &ids).await?;
        let contacts = ContactOut::load(conn, contacts).await?;
        let of = |ticket: Ticket| {
            let contact = contacts.iter().find(|contact| contact.id == ticket.contact_id)?;
            Some(Self::new(ticket, contact.clone()))
        };
        Ok(tickets.into_iter().filter_map(of).collect())
    }
}

impl ContactOut {
    /// The shape of a contact; of the identities those that are its own.
    #[must_use]
    pub fn new(contact: Contact, identities: &[Identity]) -> Self {
        let identities = identities.iter().filter(|identity| identity.contact_id == contact.id);
        let identities = identities.map(|identity| IdentityOut {
            channel: identity.channel.0,
            identifier: identity.identifier.clone(),
        });
        Self {
            id: contact.id,
            identities: identities.collect(),
            name: contact.name,
            email: contact.email,
            phone: contact.phone,
        }
    }

    /// The shapes of these contacts, in their order: one query for them all.
    ///
    /// # Errors
    /// As every statement.
    pub async fn load(conn: &Conn, contacts: Vec<Contact>) -> Result<Vec<Self>> {
        let ids: Vec<i64> = contacts.iter().map(|contact| contact.id).collect();
        let identities = contacts::identities_of(conn, &ids).await?;
        Ok(contacts.into_iter().map(|contact| Self::new(contact, &identities)).collect())
    }
}

impl MessageOut {
    /// The shape of a message; of the files those that are its own.
    #[must_use]
    pub fn new(message: Message, files: &[Attachment]) -> Self {
        let files = files.iter().filter(|file| file.message_id == message.id);
        let error = message.delivery_error;
        Self {
            id: message.id,
            author: message.author,
            operator: message.operator,
            text: message.text,
            attachments: files.map(AttachmentOut::from).collect(),
            external_id: message.external_id,
            delivery: message.delivery_state.map(|state| DeliveryOut { state, error }),
            rating: message.rating,
            created_at: rfc3339(message.created_at),
        }
    }

    /// The shapes of these messages, in their order, with their files: one query for them all.
    ///
    /// # Errors
    /// As every statement.
    pub async fn load(conn: &Conn, messages: Vec<Message>) -> Result<Vec<Self>> {
        let ids: Vec<i64> = messages.iter().map(|message| message.id).collect();
        let files = attachments::of_messages(conn, &ids).await?;
        Ok(messages.into_iter().map(|message| Self::new(message, &files)).collect())
    }
}

impl From<&Attachment> for AttachmentOut {
    fn from(file: &Attachment) -> Self {
        Self {
            id: file.id,
            name: file.name.clone(),
            content_type: file.content_type.clone(),
            size: file.size,
            url: format!("/api/attachments/{}", file.id),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
