//! What this process knows of one webhook's address: what waits for it, what is on its way, and
//! whether it works.
//!
//! An address that fails gets fewer requests at once, one that goes on succeeding more. After 20
//! failures in a row its *circuit* is open: nothing is sent but a probe every 5 s, and what is due
//! waits in the database, where it costs nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::Millis;
use crate::store::deliveries::Delivery;
use crate::store::events::Told;
use crate::store::webhooks::Webhook;

/// Requests at once to one address, at most.
const LANES: usize = 8;
/// And before anything is known of it.
const LANES_AT_FIRST: usize = 2;
/// Failures in a row that open the circuit.
const FAILURES: u32 = 20;
/// Failures in a row after which an address is in trouble: it shares places with all others that are,
/// and so much waits for it at most.
const TROUBLE: u32 = 3;
const MOST_IN_TROUBLE: usize = 2;
/// The pause between two probes.
const PROBE: Duration = Duration::from_secs(5);
/// Deliveries that are held for one address: of a slow one few, so that none of their leases runs
/// out; of a quick one enough for the time that a transaction takes.
const FEWEST: usize = 16;
const MOST: usize = 512;
/// An address that empties its queue within this time may have a longer one.
const QUICK: Duration = Duration::from_millis(250);
/// And one that needs longer than this gets a shorter one.
const SLOW: Duration = Duration::from_secs(2);

/// A delivery that is leased to this engine.
pub(super) struct Held {
    /// The row as it was before it was leased, and nobody's: so it is given back.
    pub delivery: Delivery,
    /// It must be begun before this time, or its lease might run out.
    pub begin_by: Millis,
    pub told: Arc<Told>,
}

/// What this process knows of one address.
pub(super) struct Endpoint {
    pub hook: Arc<Webhook>,
    waiting: VecDeque<Held>,
    in_flight: usize,
    lanes: usize,
    failures: u32,
    /// The circuit is open, and this is the time of the next probe.
    probe_at: Option<Instant>,
    most: usize,
    filled_at: Option<Instant>,
}

impl Endpoint {
    pub fn new(hook: Arc<Webhook>) -> Self {
        // What it failed with before is not known, but that it did.
        let failures = if hook.failing_since.is_some() { TROUBLE } else { 0 };
        Self {
            hook,
            waiting: VecDeque::new(),
            in_flight: 0,
            lanes: LANES_AT_FIRST,
            failures,
            probe_at: None,
            most: FEWEST,
            filled_at: None,
        }
    }

    /// The webhook as it is now. At another address everything may be different.
    pub fn refresh(&mut self, hook: Webhook) {
        if hook.url != self.hook.url {
            (self.failures, self.probe_at, self.lanes) = (0, None, LANES_AT_FIRST);
        }
        self.hook = Arc::new(hook);
    }

    /// How many more deliveries it has use for.
    pub fn room(&self, now: Instant) -> usize {
        match self.probe_at {
            Some(at) => usize::from(now >= at && self.waiting.is_empty() && self.in_flight == 0),
            None if self.is_troubled() => MOST_IN_TROUBLE.saturating_sub(self.waiting.len()),
            None if self.waiting.len() * 2 > self.most => 0,
            None => self.most - self.waiting.len(),
        }
    }

    /// Takes deliveries that were leased for it.
    pub fn fill(&mut self, deliveries: Vec<Held>, now: Instant) {
        if let Some(before) = self.filled_at.replace(now) {
            let took = now - before;
            if took < QUICK {
                self.most = (self.most * 2).min(MOST);
            } else if took > SLOW {
                self.most = (self.most / 2).max(FEWEST);
            }
        }
        self.waiting.extend(deliveries);
    }

    /// The next delivery to send now, where there is one and there may be one more request. One that
    /// has waited for too long may be another engine's by now; [`Self::overdue`] takes it out.
    pub fn next(&mut self, clock: Millis, now: Instant) -> Option<Held> {
        if self.probe_at.is_some_and(|at| now < at) {
            return None;
        }
        let lanes = if self.is_open() { 1 } else { self.lanes };
        if self.in_flight >= lanes {
            return None;
        }
        if self.waiting.front()?.begin_by < clock {
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.in_flight += 1;
        Some(next)
    }

    /// A request has ended. Says whether that opened or closed the circuit.
    pub fn ended(&mut self, is_success: bool, now: Instant) -> Option<Turn> {
        self.in_flight = self.in_flight.saturating_sub(1);
        let was_open = self.is_open();
        if is_success {
            (self.failures, self.probe_at) = (0, None);
            self.lanes = (self.lanes + 1).min(LANES);
            return was_open.then_some(Turn::Closed);
        }
        self.failures += 1;
        self.lanes = (self.lanes / 2).max(1);
        if self.failures < FAILURES {
            return None;
        }
        self.probe_at = Some(now + PROBE);
        (!was_open).then_some(Turn::Opened)
    }

    /// Takes out what can't be sent now and must be given back: what has waited for too long, what is
    /// too much for an address in trouble, or everything while the circuit is open and no probe is due.
    pub fn overdue(&mut self, clock: Millis, now: Instant) -> Vec<Held> {
        if self.probe_at.is_some_and(|at| now < at) {
            return self.drain();
        }
        let (late, rest): (VecDeque<_>, _) =
            std::mem::take(&mut self.waiting).into_iter().partition(|held| held.begin_by < clock);
        self.waiting = rest;
        let mut back = Vec::from(late);
        if self.is_troubled() {
            back.extend(self.waiting.drain(self.waiting.len().min(MOST_IN_TROUBLE)..));
        }
        back
    }

    /// Takes out everything that waits.
    pub fn drain(&mut self) -> Vec<Held> {
        self.waiting.drain(..).collect()
    }

    pub fn is_open(&self) -> bool {
        self.probe_at.is_some()
    }

    /// It fails, for whatever reason.
    pub fn is_troubled(&self) -> bool {
        self.failures >= TROUBLE
    }

    /// Nothing waits for it, and nothing is on its way.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.in_flight == 0
    }

    /// Requests that are on their way to it.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Deliveries that wait, and the bytes of what they tell.
    pub fn held(&self) -> (usize, usize) {
        let bytes = self.waiting.iter().map(|held| held.told.payload.as_str().len()).sum();
        (self.waiting.len(), bytes)
    }
}

/// A change of the circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The address fails, and gets nothing but probes.
    Opened,
    /// It works again.
    Closed,
}

#[cfg(test)]
mod tests;
