//! The contract between the engine and its channels, and the channels themselves.
//!
//! This crate is the only code that speaks a channel's protocol, and it knows neither the
//! database nor the engine. A message comes in as [`Incoming`] through [`Inbox::accept`]; an
//! answer leaves as [`Outgoing`] through [`Channel::send`].
//!
//! What every channel promises, checked by [`testing`]'s conformance suite:
//! - it acknowledges to the outside only after [`Inbox::accept`] said `Ok`;
//! - the same message arriving again is given to the inbox again, with the same ids;
//! - what it can't understand is answered with a sentence, and never with a panic;
//! - it holds no state that a restart would lose.

mod caller;
mod channel;
mod encoding;
mod error;
pub mod external;
mod health;
mod idempotency;
mod inbox;
pub mod json;
mod key;
mod message;
mod problem;
#[cfg(feature = "testing")]
pub mod testing;

pub use caller::Caller;
pub use channel::{Channel, ChannelKind, Delivery, UnknownChannel};
pub use encoding::decode_base64;
pub use error::{Error, Kind, Result, Retry};
pub use health::Health;
pub use idempotency::idempotency_key;
pub use inbox::{Inbox, Receipt};
pub use key::KeyId;
pub use message::{Attachment, Content, Idempotency, Incoming, Outgoing, Reply, Sender, Sent};
pub use problem::Problem;

/// Every channel of this version.
#[must_use]
pub fn all() -> Vec<std::sync::Arc<dyn Channel>> {
    vec![std::sync::Arc::new(external::External)]
}
