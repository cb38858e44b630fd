#![doc = include_str!("docs.md")]

mod fingerprint;
mod headers;
mod image;
mod parse;
mod routes;
mod shapes;
mod strangers;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use utoipa_axum::router::OpenApiRouter;

use crate::{Channel, ChannelKind, Delivery, Error, Health, Inbox, Kind, Outgoing, Result, Sent};

pub use routes::{BODY_LIMIT, REPLY_WAIT};
pub use shapes::{MessageIn, MetadataIn, Refusal, ReplyOut};

/// The channel of other systems: they post their customers' messages, and wait for the answer.
///
/// It has no server of its own to reach and no state, so it is always on and always well.
#[derive(Clone, Copy, Debug, Default)]
pub struct External;

#[async_trait]
impl Channel for External {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Api
    }

    fn delivery(&self) -> Delivery {
        Delivery::Pull
    }

    fn routes(&self, inbox: Arc<dyn Inbox>) -> OpenApiRouter {
        routes::routes(inbox)
    }

    async fn send(&self, _out: &Outgoing) -> Result<Sent> {
        let sentence = "Answers of this channel are fetched by the other system; none is sent.";
        Err(Error::new(Kind::Refused, sentence))
    }

    async fn health(&self) -> Health {
        Health::Ok
    }
}
