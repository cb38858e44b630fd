//! A channel that goes nowhere.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;

use crate::{Channel, ChannelKind, Delivery, Error, Health, Outgoing, Result, Sent};

/// A push [`Channel`] that keeps what it is told to send, and fails by a script.
///
/// Like a server that honours [`Outgoing::key`], it answers a repeat with the first try's id.
#[derive(Debug)]
pub struct ScriptedChannel {
    kind: ChannelKind,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tries: Vec<Outgoing>,
    sent: Vec<Outgoing>,
    ids: HashMap<String, Sent>,
    errors: VecDeque<Error>,
    health: Health,
}

impl ScriptedChannel {
    /// A channel of this kind that works.
    #[must_use]
    pub fn new(kind: ChannelKind) -> Arc<Self> {
        let state = State {
            tries: Vec::new(),
            sent: Vec::new(),
            ids: HashMap::new(),
            errors: VecDeque::new(),
            health: Health::Ok,
        };
        Arc::new(Self { kind, state: Mutex::new(state) })
    }

    /// The next try that is not scripted yet fails with `error`.
    pub fn fail_next(&self, error: Error) {
        self.state().errors.push_back(error);
    }

    /// From now on it is like this.
    pub fn set_health(&self, health: Health) {
        self.state().health = health;
    }

    /// Every try, in order, also those that failed.
    #[must_use]
    pub fn tries(&self) -> Vec<Outgoing> {
        self.state().tries.clone()
    }

    /// What the customers got, in order: each answer once, however often it was tried.
    #[must_use]
    pub fn sent(&self) -> Vec<Outgoing> {
        self.state().sent.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the channel")
    }
}

#[async_trait]
impl Channel for ScriptedChannel {
    fn kind(&self) -> ChannelKind {
        self.kind
    }

    fn delivery(&self) -> Delivery {
        Delivery::Push
    }

    async fn send(&self, out: &Outgoing) -> Result<Sent> {
        let mut state = self.state();
        state.tries.push(out.clone());
        if let Some(error) = state.errors.pop_front() {
            return Err(error);
        }
        if let Some(first) = state.ids.get(&out.key) {
            return Ok(first.clone());
        }
        state.sent.push(out.clone());
        let sent = Sent { external_id: Some(format!("{}-{}", self.kind, state.sent.len())) };
        state.ids.insert(out.key.clone(), sent.clone());
        Ok(sent)
    }

    async fn health(&self) -> Health {
        self.state().health.clone()
    }
}
