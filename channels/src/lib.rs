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
pub mod telegram;
#[cfg(feature = "testing")]
pub mod testing;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

pub use caller::Caller;
pub use channel::{Channel, ChannelKind, Delivery, UnknownChannel};
pub use encoding::decode_base64;
pub use error::{Error, Kind, Result, Retry};
pub use health::Health;
pub use idempotency::idempotency_key;
pub use inbox::{Inbox, Receipt};
pub use key::KeyId;
pub use message::{
    Attachment, Content, Idempotency, Incoming, Outgoing, Profile, Reply, Sender, Sent,
};
pub use problem::Problem;

/// What the channels need to know of an installation: of each that has settings, where they are
/// given, it is switched on.
#[derive(Default)]
pub struct Settings {
    /// The customers' Telegram bot.
    pub telegram: Option<telegram::Settings>,
}

/// The channels of this version that are switched on.
#[must_use]
pub fn all(settings: Settings) -> Vec<Arc<dyn Channel>> {
    let mut all: Vec<Arc<dyn Channel>> = vec![Arc::new(external::External)];
    if let Some(telegram) = settings.telegram {
        all.push(Arc::new(telegram::Telegram::new(telegram)));
    }
    all
}

/// The routes of every channel of this version for the OpenAPI document, switched on or not.
#[must_use]
pub fn documented(inbox: Arc<dyn Inbox>) -> OpenApiRouter {
    external::External.routes(inbox).merge(OpenApiRouter::with_openapi(telegram::documentation()))
}
