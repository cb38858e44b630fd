//! Callers that keep their connection open for an answer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use centrium_channels::{Receipt, Reply};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::store::{Result, Store, decisions, messages};

/// How often a caller looks into the store for an answer that another engine may make.
const LOOK: Duration = Duration::from_millis(250);
/// How long an expected answer that nobody fetches is remembered.
const FORGET: Duration = Duration::from_secs(120);

/// Which answers are expected in this engine. The store knows them all; this only saves asking it.
#[derive(Default)]
pub struct Turns {
    expected: Mutex<HashMap<i64, Expected>>,
}

struct Expected {
    answer: watch::Sender<Option<Reply>>,
    since: Instant,
}

impl Turns {
    /// A message is durable whose caller waits for the answer. Must be called before anyone can
    /// make that answer.
    pub fn expect(&self, message_id: i64) {
        let expected = Expected { answer: watch::Sender::new(None), since: Instant::now() };
        self.lock().insert(message_id, expected);
    }

    /// An answer is durable: whoever waits for it gets it.
    pub fn tell(&self, message_id: i64, reply: Reply) {
        if let Some(expected) = self.lock().get(&message_id) {
            expected.answer.send_replace(Some(reply));
        }
    }

    /// Waits for the answer to this message, at most until `within` passed.
    ///
    /// # Errors
    /// `Unavailable` when the store could not be asked to the end.
    pub async fn reply_to(
        &self,
        store: &Store,
        receipt: &Receipt,
        within: Duration,
    ) -> Result<Option<Reply>> {
        let until = Instant::now() + within;
        let listening = self.lock().get(&receipt.message_id).map(|e| e.answer.subscribe());
        let Some(mut told) = listening else {
            return look_until(store, receipt.message_id, until).await;
        };
        let told_in_time = match timeout_at(until, told.wait_for(Option::is_some)).await {
            Ok(Ok(reply)) => reply.clone(),
            // The slot was forgotten, or another engine made the answer: the store knows.
            Ok(Err(_)) | Err(_) => None,
        };
        let reply = match told_in_time {
            Some(reply) => Ok(Some(reply)),
            None => look_until(store, receipt.message_id, until).await,
        };
        drop(told);
        self.forget(receipt.message_id);
        reply
    }

    /// Forgets answers that nobody came for: their callers hung up.
    pub fn sweep(&self) {
        self.lock().retain(|_, expected| expected.since.elapsed() < FORGET);
    }

    fn forget(&self, message_id: i64) {
        let mut expected = self.lock();
        if expected.get(&message_id).is_some_and(|e| e.answer.receiver_count() == 0) {
            expected.remove(&message_id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Expected>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks into the store until the answer is there: another engine, or an earlier life of this
/// one, may have taken the message in.
async fn look_until(store: &Store, message_id: i64, until: Instant) -> Result<Option<Reply>> {
    loop {
        let looked = stored_reply(store, message_id).await;
        let late = Instant::now() >= until;
        match looked {
            Ok(Some(reply)) => return Ok(Some(reply)),
            Ok(None) if late => return Ok(None),
            Err(error) if late => return Err(error),
            Ok(None) | Err(_) => tokio::time::sleep(LOOK).await,
        }
    }
}

/// The answer that is stored for this message, word for word.
async fn stored_reply(store: &Store, message_id: i64) -> Result<Option<Reply>> {
    let conn = store.read().await?;
    let Some(decision) = decisions::of_message(&conn, message_id).await? else {
        return Ok(None);
    };
    let Some(reply_id) = decision.reply_id else { return Ok(None) };
    let reply = messages::get(&conn, reply_id).await?;
    Ok(reply.map(|reply| Reply {
        message_id: reply.id,
        text: reply.text,
        needs_escalation: decision.needs_escalation,
        status: decision.ticket_status.as_str().to_owned(),
    }))
}
