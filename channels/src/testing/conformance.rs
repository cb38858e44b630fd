//! What every adapter promises, as a suite.
//!
//! An adapter's test builds its channel and says how the outside reaches it: a webhook by
//! [`Webhook`], anything else (a mailbox, a socket, a polled bot) by its own [`Outside`], which
//! moves a stand-in of the channel's server. Then it calls [`check`], which panics with a
//! sentence where a promise is broken.

mod intake;
#[cfg(test)]
mod tests;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::ScriptedInbox;
use crate::{Channel, Inbox, Outgoing, Problem};

pub use webhook::Webhook;

/// How long a channel may take to say how it is.
const AT_ONCE: Duration = Duration::from_secs(1);
/// How long [`Channel::run`] may take to stop.
const STOP: Duration = Duration::from_secs(5);
/// How long `run` is left alone before it is stopped.
const RUNNING: Duration = Duration::from_millis(50);

/// The other end of a channel.
#[async_trait]
pub trait Outside: Send + Sync {
    /// Lets one message arrive, the same at each call, and waits until the adapter has dealt
    /// with it.
    async fn deliver(&self, inbox: Arc<dyn Inbox>) -> Outcome;

    /// Lets these bytes arrive where a message would.
    async fn deliver_bytes(&self, inbox: Arc<dyn Inbox>, bytes: Bytes) -> Outcome;

    /// What the channel's protocol wants for a message that can't be understood.
    fn garbage(&self) -> Garbage;
}

/// What became of something that arrived.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The outside was told that it is safe: a 2xx, `\Seen`, an offset that moved on.
    Acknowledged,
    /// The outside was told why not.
    Refused(Problem),
    /// It stays where it was, to be read again. For pollers.
    Left,
}

/// How a channel treats what can't be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbage {
    /// It is refused with a 4xx and a sentence: somebody reads it.
    Refused,
    /// It may be acknowledged, because the sender would repeat it for ever. Refusing it with a
    /// 4xx (a wrong signature) is right as well.
    Acknowledged,
}

/// Holds a channel to all its promises.
///
/// # Panics
/// With a sentence, where a promise is broken.
pub async fn check(channel: Arc<dyn Channel>, outside: &dyn Outside) {
    check_life(&channel).await;
    check_send(&*channel).await;
    intake::check(outside).await;
}

/// The promises of a channel that nothing comes in by, and a part of [`check`]: its health is
/// known at once, and it stops when told.
///
/// # Panics
/// With a sentence, where a promise is broken.
pub async fn check_life(channel: &Arc<dyn Channel>) {
    assert!(timeout(AT_ONCE, channel.health()).await.is_ok(), "health must answer at once");

    let stop = CancellationToken::new();
    let mut running = tokio::spawn({
        let (channel, stop) = (channel.clone(), stop.clone());
        async move { channel.run(ScriptedInbox::new(), stop).await }
    });
    match timeout(RUNNING, &mut running).await {
        Ok(Ok(Ok(()))) => panic!("run must go on until it is stopped"),
        // Its server can't be reached here: the engine calls again after a pause.
        Ok(Ok(Err(error))) => check_sentence(&error.sentence),
        Ok(Err(_)) => panic!("run panicked"),
        Err(_) => {
            stop.cancel();
            let stopped = timeout(STOP, running).await;
            assert!(matches!(stopped, Ok(Ok(_))), "run must return within 5 s of being stopped");
        }
    }
}

async fn check_send(channel: &dyn Channel) {
    let out = Outgoing {
        key: "conformance-1".to_owned(),
        ticket_id: 1,
        conversation: Some("conformance".to_owned()),
        recipient: "conformance".to_owned(),
        in_reply_to: None,
        subject: None,
        text: "Good day!".to_owned(),
        language: "ru".to_owned(),
        offers_operator: false,
        attachments: Vec::new(),
    };
    if let Err(error) = channel.send(&out).await {
        check_sentence(&error.sentence);
    }
}

/// A sentence for people is there, and is one.
pub(super) fn check_sentence(sentence: &str) {
    assert!(sentence.trim().contains(' '), "an error must have a sentence, not {sentence:?}");
    assert!(!sentence.contains('\n'), "an error must be one sentence, not {sentence:?}");
}
