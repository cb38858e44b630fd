//! The outside of a channel that is called over HTTP.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use bytes::Bytes;
use tower::ServiceExt;

use super::{Garbage, Outcome, Outside, check_sentence};
use crate::{Channel, Inbox, Problem};

/// Calls a channel's routes, each time built anew, as after a restart.
pub struct Webhook {
    channel: Arc<dyn Channel>,
    garbage: Garbage,
    message: Bytes,
    request: Box<dyn Fn(Bytes) -> Request<Body> + Send + Sync>,
}

impl Webhook {
    /// `message` is a body that carries one message, with what makes a repeat known as one;
    /// `request` makes a whole request of a body: the path, the key, the signature.
    pub fn new(
        channel: Arc<dyn Channel>,
        garbage: Garbage,
        message: impl Into<Bytes>,
        request: impl Fn(Bytes) -> Request<Body> + Send + Sync + 'static,
    ) -> Self {
        Self { channel, garbage, message: message.into(), request: Box::new(request) }
    }
}

#[async_trait]
impl Outside for Webhook {
    async fn deliver(&self, inbox: Arc<dyn Inbox>) -> Outcome {
        self.deliver_bytes(inbox, self.message.clone()).await
    }

    async fn deliver_bytes(&self, inbox: Arc<dyn Inbox>, bytes: Bytes) -> Outcome {
        let (router, _) = self.channel.routes(inbox).split_for_parts();
        let Ok(response) = router.oneshot((self.request)(bytes)).await;
        outcome(&response)
    }

    fn garbage(&self) -> Garbage {
        self.garbage
    }
}

fn outcome(response: &Response) -> Outcome {
    let status = response.status();
    if status.is_success() {
        return Outcome::Acknowledged;
    }
    let Some(problem) = response.extensions().get::<Problem>() else {
        panic!("{status} came without a Problem");
    };
    assert_eq!(problem.status, status, "the Problem must say the same status");
    check_sentence(&problem.sentence);
    Outcome::Refused(problem.clone())
}
