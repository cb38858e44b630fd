//! A message on its way in, and an answer on its way out.

use bytes::Bytes;

use crate::{ChannelKind, KeyId};

/// One customer's message, as a channel understood it.
///
/// Limits, which [`Inbox::accept`](crate::Inbox::accept) checks: `sender.identifier` 1–255
/// characters, `conversation` and `external_id` 1–255, `text` up to 100,000 characters and not
/// blank unless there is an attachment, at most 20 attachments of together 25 MiB.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Where it came from.
    pub channel: ChannelKind,
    /// Who wrote.
    pub sender: Sender,
    /// The message's own id on its channel: a wamid, a Telegram `bot:chat:message`, a
    /// Message-ID. A second message with the same id is a repeat and changes nothing.
    pub external_id: Option<String>,
    /// The conversation's id on its channel, where the channel has one. On a channel with lasting
    /// conversations ([`ChannelKind::has_lasting_conversations`]) messages with the same id belong
    /// to the same ticket, for ever; on the others the customer's current ticket takes them, and
    /// keeps the id as its own (`external_id`).
    pub conversation: Option<String>,
    /// A subject the customer gave. Without one the assistant may find it.
    pub subject: Option<String>,
    /// What was written, unchanged (U+0000 alone is replaced, PostgreSQL can't hold it).
    pub text: String,
    /// Files that came with it.
    pub attachments: Vec<Attachment>,
    /// Whatever else the channel said, kept with the message.
    pub metadata: serde_json::Value,
    /// The caller's `Idempotency-Key`, where the protocol has one.
    pub idempotency: Option<Idempotency>,
    /// The caller keeps its connection open for the answer: it is given by
    /// [`Inbox::reply_to`](crate::Inbox::reply_to).
    pub awaits_reply: bool,
    /// Written by a machine (an auto-reply, a list, a bounce): stored, never answered. The text
    /// says how it was recognised.
    pub machine: Option<String>,
    /// It is a new form of what the customer wrote under this `external_id`: stored beside it,
    /// never answered, and no reason to reopen a ticket.
    pub edits: Option<String>,
}

impl Incoming {
    /// The conversation, where it is one ticket for ever.
    #[must_use]
    pub fn lasting_conversation(&self) -> Option<&String> {
        self.conversation.as_ref().filter(|_| self.channel.has_lasting_conversations())
    }

    /// Whether somebody wants an answer to it: not a machine, and not who corrects a letter.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.machine.is_none() && self.edits.is_none()
    }
}

/// Who wrote a message.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    /// The customer's id on the channel: it and the channel name one contact.
    pub identifier: String,
    /// A name to show.
    pub name: Option<String>,
    /// An e-mail address that the channel was told. Kept for the operator; it joins no
    /// contacts, because being told is no proof.
    pub email: Option<String>,
    /// A phone number that the channel was told, under the same rule.
    pub phone: Option<String>,
    /// What else the channel tells of a person. Few channels do, and messages are moved often:
    /// elsewhere it takes no room.
    pub profile: Option<Box<Profile>>,
}

/// A person, as a messenger knows them.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Their first name alone.
    pub first_name: Option<String>,
    /// Their last name alone.
    pub last_name: Option<String>,
    /// The name under which the messenger finds them, without `@`.
    pub username: Option<String>,
}

/// A file that came with a message.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// The file's name; shown, never used as a path.
    pub name: String,
    /// What kind of file it is, as far as the channel could make sure.
    pub content: Content,
    /// The file.
    pub bytes: Bytes,
}

/// What an attachment holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// To be checked as an image by the engine; refused when it is none
    /// ([`Kind::Invalid`](crate::Kind::Invalid)).
    Image,
    /// Anything, under the media type that the sender gave it.
    File(String),
}

/// A caller's promise that two requests with this key are the same request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Who promised, as [`Inbox::authorize`](crate::Inbox::authorize) said: the same key of
    /// another caller is another key.
    pub caller: KeyId,
    /// The key, 1–255 characters.
    pub key: String,
    /// SHA-256 of what was asked, in hex: the same key with another request is refused
    /// ([`Kind::Conflict`](crate::Kind::Conflict)).
    pub request: String,
}

/// An answer that a channel shall deliver.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The same over all tries of this answer.
    pub key: String,
    /// The ticket's number, for channels that show it.
    pub ticket_id: i64,
    /// The conversation's id on the channel, where it has one.
    pub conversation: Option<String>,
    /// The customer's id on the channel.
    pub recipient: String,
    /// The channel's id of the message that this answers.
    pub in_reply_to: Option<String>,
    /// The ticket's subject.
    pub subject: Option<String>,
    /// The answer, plain text.
    pub text: String,
    /// The language that the customer is spoken to in: `ru`, `kk` or `en`.
    pub language: String,
    /// The assistant wrote it, and no operator has been called: a channel that has buttons may
    /// offer one that calls an operator.
    pub offers_operator: bool,
    /// Files of the operator.
    pub attachments: Vec<Attachment>,
}

/// The channel's server took an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The answer's id on the channel, by which later delivery reports name it.
    pub external_id: Option<String>,
}

/// A reply to a caller that waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The reply's own id.
    pub message_id: i64,
    /// Its text, word for word as it is stored.
    pub text: String,
    /// Whether this turn called an operator.
    pub needs_escalation: bool,
    /// The ticket's status after this turn: `new`, `in_progress` or `closed`.
    pub status: String,
}
