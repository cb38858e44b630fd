//! The words of a ticket's life, as they stand in the database, in our JSON and in filters.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::columns::as_text;

/// The text is none of the words that stand there.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what} is one of {words}")]
pub struct UnknownName {
    what: &'static str,
    words: String,
}

/// An enum whose variants have one name everywhere. The name is a `tt`: behind a `literal`
/// fragment utoipa's derive does not see it, and the document would hold the variant's own name.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident is $what:literal {
        $($(#[$variant_meta:meta])* $variant:ident = $text:tt,)+
    }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            Serialize, Deserialize, ToSchema, AsExpression, FromSqlRow,
        )]
        #[diesel(sql_type = Text)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name on the wire and in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                Self::ALL.iter().copied().find(|v| v.as_str() == text).ok_or_else(|| UnknownName {
                    what: $what,
                    words: [$($text),+].join(", "),
                })
            }
        }

        as_text!($name, |value: &$name| value.as_str(), |text: &str| Ok(text.parse()?));
    };
}

named! {
    /// Where a ticket is in its life.
    Status is "a status" {
        /// Nobody but the assistant has dealt with it.
        New = "new",
        /// An operator joined or was called.
        InProgress = "in_progress",
        /// Done; a customer's next message may reopen it.
        Closed = "closed",
    }
}

named! {
    /// How urgent a ticket is.
    Priority is "a priority" {
        /// Can wait.
        Low = "low",
        /// The usual.
        Medium = "medium",
        /// First.
        High = "high",
    }
}

named! {
    /// Who wrote a message.
    Author is "an author" {
        /// The customer.
        Customer = "customer",
        /// The assistant, to the customer.
        Assistant = "assistant",
        /// A person of the company, to the customer.
        Operator = "operator",
        /// The engine itself: short acknowledgements.
        System = "system",
        /// A person of the company, for colleagues only.
        Note = "note",
        /// What the assistant would have said, for operators only.
        Draft = "draft",
    }
}

impl Author {
    /// Notes and drafts never leave the company.
    #[must_use]
    pub const fn is_internal(self) -> bool {
        matches!(self, Self::Note | Self::Draft)
    }
}

named! {
    /// How far an answer has come.
    DeliveryState is "a delivery state" {
        /// Not yet taken by the channel's server, or not yet read by the CRM.
        Pending = "pending",
        /// Taken by the channel's server, or given with the reply to a request.
        Sent = "sent",
        /// It reached the customer's device, or the CRM.
        Delivered = "delivered",
        /// The customer has seen it.
        Read = "read",
        /// It will not arrive; the error says why.
        Failed = "failed",
    }
}

named! {
    /// How far the delivery of an event to a webhook has come.
    WebhookStatus is "a delivery's status" {
        /// It waits for its first try or its next one, or is being tried.
        Pending = "pending",
        /// The endpoint answered with 200 to 299.
        Success = "success",
        /// Every try failed; a person may begin them anew.
        Failed = "failed",
    }
}

named! {
    /// How a customer's message was dealt with.
    Outcome is "an outcome" {
        /// The customer got what the assistant said.
        Posted = "posted",
        /// The assistant failed, was too slow or has answered too often: the customer got a canned
        /// text, and an operator was called.
        Canned = "canned",
        /// Nobody answers: a caller who waited got a short word.
        Acknowledged = "acknowledged",
        /// What the assistant would have said is kept for the operator who has taken over.
        Draft = "draft",
        /// What the assistant said is nobody's any more.
        Dropped = "dropped",
    }
}

named! {
    /// Why an answer is not for the customer any more.
    Stale is "a reason why an answer is stale" {
        /// An operator has taken the ticket over.
        OperatorJoined = "operator_joined",
        /// The customer has written again, and that message has its own turn.
        NewerMessage = "newer_message",
        /// The ticket was closed.
        TicketClosed = "ticket_closed",
        /// The customer was told something already, such as that an operator will answer.
        AlreadyAnswered = "already_answered",
        /// The ticket has had as many answers as it may, and the customer was told.
        TooManyAnswers = "too_many_answers",
    }
}

named! {
    /// What a job does; each has a file under `src/jobs`.
    JobKind is "a job" {
        /// Makes the assistant answer a customer's message; its subject is that message.
        AnswerTicket = "answer_ticket",
        /// Hands an answer to its channel; its subject is the answer.
        DeliverReply = "deliver_reply",
    }
}

named! {
    /// Whether a job still runs.
    JobState is "a job's state" {
        /// It will run, or is running under a lease.
        Ready = "ready",
        /// It failed for good and waits for a person: `centrium jobs list`.
        Buried = "buried",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro that makes the enum names no default")]
impl Default for Priority {
    fn default() -> Self {
        Self::Medium
    }
}
