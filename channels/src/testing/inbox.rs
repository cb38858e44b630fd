//! An inbox in memory.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::Notify;

use super::limits;
use crate::{
    ChannelKind, Error, Idempotency, Inbox, Incoming, KeyId, Kind, Receipt, Reply, Result,
};

/// An [`Inbox`] that keeps its contract in memory and follows a script.
///
/// It gives ids from 1 on, knows repeats by `external_id` and by idempotency key, checks the
/// limits of [`Incoming`], and keeps a customer or a conversation on one ticket. Unless told
/// otherwise it answers each message at once, and knows two keys: [`ScriptedInbox::KEY`] and
/// [`ScriptedInbox::OTHER_KEY`].
#[derive(Debug, Default)]
pub struct ScriptedInbox {
    state: Mutex<State>,
    answered: Notify,
}

#[derive(Debug, Default)]
struct State {
    accepted: Vec<Accepted>,
    tickets: HashMap<(ChannelKind, String), i64>,
    readable: HashMap<(ChannelKind, i64), Value>,
    errors: HashMap<Call, VecDeque<Error>>,
    answers: Answers,
    replies: HashMap<i64, Reply>,
    last_id: i64,
    callers: Vec<(Option<String>, Option<IpAddr>)>,
    waits: Vec<Duration>,
    noted: HashSet<(ChannelKind, String)>,
    quarantined: Vec<(String, Bytes)>,
}

#[derive(Debug, Default)]
enum Answers {
    #[default]
    AtOnce,
    With(Reply),
    NotYet,
    Never,
}

/// A message that the inbox was given and took, a repeat included.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The message.
    pub message: Incoming,
    /// What the adapter was told.
    pub receipt: Receipt,
}

/// The calls of an inbox, to be scripted one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// [`Inbox::accept`].
    Accept,
    /// [`Inbox::reply_to`].
    ReplyTo,
    /// [`Inbox::read_ticket`].
    ReadTicket,
    /// [`Inbox::authorize`].
    Authorize,
    /// [`Inbox::is_first`].
    IsFirst,
    /// [`Inbox::quarantine`].
    Quarantine,
}

impl ScriptedInbox {
    /// A key that opens the external API.
    pub const KEY: &str = "the-key-of-a-scripted-inbox-0123456789";
    /// A key that opens it for somebody else.
    pub const OTHER_KEY: &str = "the-other-key-of-a-scripted-inbox-0123";

    /// An inbox that takes everything and answers at once.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// The next call of this kind that is not scripted yet fails with `error`, changing nothing.
    pub fn fail_next(&self, call: Call, error: Error) {
        self.state().errors.entry(call).or_default().push_back(error);
    }

    /// Answers what waits, and what will come, with this reply. Its `message_id` stays as it is.
    pub fn reply_with(&self, reply: Reply) {
        self.state().answers = Answers::With(reply);
        self.answered.notify_waiters();
    }

    /// Answers nothing until [`reply_with`](Self::reply_with): who waits, waits.
    pub fn hold_replies(&self) {
        self.state().answers = Answers::NotYet;
    }

    /// As if the time to wait had always passed already.
    pub fn never_reply(&self) {
        self.state().answers = Answers::Never;
    }

    /// Lets `ticket` be read on `channel`.
    pub fn put_ticket(&self, channel: ChannelKind, id: i64, ticket: Value) {
        self.state().readable.insert((channel, id), ticket);
    }

    /// What was accepted so far, in order, repeats included.
    #[must_use]
    pub fn accepted(&self) -> Vec<Accepted> {
        self.state().accepted.clone()
    }

    /// The keys that were shown so far, with the callers' addresses.
    #[must_use]
    pub fn callers(&self) -> Vec<(Option<String>, Option<IpAddr>)> {
        self.state().callers.clone()
    }

    /// How long the adapter was ready to wait, each time that it asked for a reply.
    #[must_use]
    pub fn waits(&self) -> Vec<Duration> {
        self.state().waits.clone()
    }

    /// What was kept because it can't be understood, with the reasons, in order.
    #[must_use]
    pub fn quarantined(&self) -> Vec<(String, Bytes)> {
        self.state().quarantined.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the inbox")
    }
}

#[async_trait]
impl Inbox for ScriptedInbox {
    async fn accept(&self, message: Incoming) -> Result<Receipt> {
        let mut state = self.state();
        state.scripted_error(Call::Accept)?;
        limits::check(&message)?;
        let receipt = match state.known(&message)? {
            Some(first) => Receipt { duplicate: true, ..first },
            None => state.store(&message),
        };
        state.accepted.push(Accepted { message, receipt });
        Ok(receipt)
    }

    async fn reply_to(&self, receipt: &Receipt, within: Duration) -> Result<Option<Reply>> {
        self.state().begin_waiting(within)?;
        let answer = async {
            loop {
                let answered = self.answered.notified();
                match self.state().answer(receipt.message_id) {
                    Answer::Given(reply) => return Some(reply),
                    Answer::Never => return None,
                    Answer::NotYet => {}
                }
                answered.await;
            }
        };
        Ok(tokio::time::timeout(within, answer).await.unwrap_or(None))
    }

    async fn read_ticket(&self, channel: ChannelKind, ticket_id: i64) -> Result<Option<Value>> {
        let mut state = self.state();
        state.scripted_error(Call::ReadTicket)?;
        Ok(state.readable.get(&(channel, ticket_id)).cloned())
    }

    async fn is_first(&self, channel: ChannelKind, id: &str) -> Result<bool> {
        let mut state = self.state();
        state.scripted_error(Call::IsFirst)?;
        Ok(state.noted.insert((channel, id.to_owned())))
    }

    async fn quarantine(&self, _: ChannelKind, reason: &str, raw: Bytes) -> Result<()> {
        let mut state = self.state();
        state.scripted_error(Call::Quarantine)?;
        state.quarantined.push((reason.to_owned(), raw));
        Ok(())
    }

    async fn authorize(&self, key: Option<&str>, caller: Option<IpAddr>) -> Result<KeyId> {
        let mut state = self.state();
        state.callers.push((key.map(str::to_owned), caller));
        state.scripted_error(Call::Authorize)?;
        match key {
            Some(Self::KEY) => Ok(KeyId::new("one")),
            Some(Self::OTHER_KEY) => Ok(KeyId::new("other")),
            Some(_) => Err(Error::new(Kind::Unauthorized, "The key is wrong.")),
            None => Err(Error::new(Kind::Unauthorized, "The key is missing.")),
        }
    }
}

enum Answer {
    Given(Reply),
    NotYet,
    Never,
}

impl State {
    fn scripted_error(&mut self, call: Call) -> Result<()> {
        self.errors.get_mut(&call).and_then(VecDeque::pop_front).map_or(Ok(()), Err)
    }

    fn begin_waiting(&mut self, within: Duration) -> Result<()> {
        self.waits.push(within);
        self.scripted_error(Call::ReplyTo)
    }

    /// What a repeat was answered the first time.
    fn known(&self, message: &Incoming) -> Result<Option<Receipt>> {
        let key = |promise: &Option<Idempotency>| promise.clone().map(|p| (p.caller, p.key));
        for Accepted { message: first, receipt } in &self.accepted {
            let same_key = message.idempotency.is_some()
                && key(&message.idempotency) == key(&first.idempotency);
            if same_key && message.idempotency != first.idempotency {
                let sentence = "This Idempotency-Key was already used for another request.";
                return Err(Error::new(Kind::Conflict, sentence));
            }
            let same_id = message.external_id.is_some()
                && message.channel == first.channel
                && message.external_id == first.external_id;
            if same_key || same_id {
                return Ok(Some(*receipt));
            }
        }
        Ok(None)
    }

    fn store(&mut self, message: &Incoming) -> Receipt {
        let thread = match &message.conversation {
            Some(conversation) => format!("conversation {conversation}"),
            None => format!("customer {}", message.sender.identifier),
        };
        let ticket_id = match self.tickets.get(&(message.channel, thread.clone())) {
            Some(known) => *known,
            None => self.next_id(),
        };
        self.tickets.insert((message.channel, thread), ticket_id);
        Receipt { ticket_id, message_id: self.next_id(), duplicate: false }
    }

    /// The reply to a message: the first one that was given stays.
    fn answer(&mut self, message_id: i64) -> Answer {
        if let Some(reply) = self.replies.get(&message_id) {
            return Answer::Given(reply.clone());
        }
        let reply = match &self.answers {
            Answers::NotYet => return Answer::NotYet,
            Answers::Never => return Answer::Never,
            Answers::With(reply) => reply.clone(),
            Answers::AtOnce => Reply {
                message_id: self.next_id(),
                text: "Thank you, we have got your message.".to_owned(),
                needs_escalation: false,
                status: "new".to_owned(),
            },
        };
        self.replies.insert(message_id, reply.clone());
        Answer::Given(reply)
    }

    fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }
}
