//! All addresses of this process, and whose turn it is.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::endpoint::{Endpoint, Held, Turn};
use crate::clock::Millis;
use crate::store::webhooks::Webhook;

/// Requests that were begun and whose outcome is not written yet: more are no quicker on two cores, a
/// crash has as many sent twice at most, and while the database can't be written no more are begun.
const IN_FLIGHT: usize = 64;
/// Of these, those to addresses that fail, all together: each may take as long as a request may, and
/// the others need places meanwhile.
const TROUBLED: usize = IN_FLIGHT / 2;
/// Deliveries that are held in memory, and the bytes of what they tell. Beyond these bytes an address
/// for which nothing is held may still have one, so that slow ones do not stop the others.
const HELD: usize = 2_048;
const BYTES: usize = 16 * 1024 * 1024;

/// The addresses, by their webhook's id.
#[derive(Default)]
pub(super) struct Board {
    endpoints: BTreeMap<i64, Endpoint>,
    in_flight: usize,
    /// Deliveries that were begun and whose outcome is not written yet.
    under_way: HashSet<i64>,
    /// Who had its turn last.
    last: i64,
}

impl Board {
    /// Brings the addresses up to date, and takes out what must be given back.
    pub fn refresh(&mut self, active: Vec<Webhook>, clock: Millis, now: Instant) -> Vec<Held> {
        let mut back = Vec::new();
        for (id, endpoint) in &mut self.endpoints {
            if active.binary_search_by_key(id, |hook| hook.id).is_err() {
                back.extend(endpoint.drain());
            }
        }
        self.endpoints.retain(|id, endpoint| {
            endpoint.in_flight() > 0 || active.binary_search_by_key(id, |hook| hook.id).is_ok()
        });
        for hook in active {
            match self.endpoints.get_mut(&hook.id) {
                Some(endpoint) => endpoint.refresh(hook),
                None => drop(self.endpoints.insert(hook.id, Endpoint::new(Arc::new(hook)))),
            }
        }
        for endpoint in self.endpoints.values_mut() {
            back.extend(endpoint.overdue(clock, now));
        }
        back
    }

    /// Of those that have something due, how many deliveries each may have more; the one after the
    /// last one that had its turn comes first.
    pub fn room(&self, due: &[i64], now: Instant) -> Vec<(i64, usize)> {
        let (held, bytes) = self.held();
        let mut left = HELD.saturating_sub(held);
        let mut rooms = Vec::new();
        for (id, endpoint) in self.in_turn().filter(|(id, _)| due.binary_search(id).is_ok()) {
            let most = if bytes < BYTES { left } else { usize::from(endpoint.is_idle()).min(left) };
            let room = endpoint.room(now).min(most);
            left -= room;
            if room > 0 {
                rooms.push((*id, room));
            }
        }
        rooms
    }

    /// Whether nothing is held for this address, and nothing is on its way.
    pub fn is_idle(&self, id: i64) -> bool {
        self.endpoints.get(&id).is_some_and(Endpoint::is_idle)
    }

    /// How many more bytes may be held.
    pub fn bytes(&self) -> usize {
        BYTES.saturating_sub(self.held().1)
    }

    pub fn fill(&mut self, id: i64, deliveries: Vec<Held>, now: Instant) {
        if let Some(endpoint) = self.endpoints.get_mut(&id) {
            endpoint.fill(deliveries, now);
        }
    }

    /// The next delivery to send now. The addresses take turns.
    pub fn next(&mut self, clock: Millis, now: Instant) -> Option<(Arc<Webhook>, Held)> {
        if self.under_way.len() >= IN_FLIGHT {
            return None;
        }
        let is_full_of_troubled = self.troubled() >= TROUBLED;
        let next = |(id, endpoint): (&i64, &mut Endpoint)| {
            if is_full_of_troubled && endpoint.is_troubled() {
                return None;
            }
            let held = endpoint.next(clock, now)?;
            Some((*id, endpoint.hook.clone(), held))
        };
        let later = self.endpoints.range_mut(self.last + 1..).find_map(next);
        let found = later.or_else(|| self.endpoints.range_mut(..=self.last).find_map(next));
        let (id, hook, held) = found?;
        self.last = id;
        self.in_flight += 1;
        self.under_way.insert(held.delivery.id);
        Some((hook, held))
    }

    /// A request has ended.
    pub fn ended(&mut self, id: i64, is_success: bool, now: Instant) -> Option<Turn> {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.endpoints.get_mut(&id)?.ended(is_success, now)
    }

    /// The outcomes of these deliveries are written.
    pub fn written(&mut self, ids: impl Iterator<Item = i64>) {
        for id in ids {
            self.under_way.remove(&id);
        }
    }

    /// Whether this delivery was begun here and its outcome is not written yet: its lease may have
    /// run out where the database could not be written for a while.
    pub fn is_under_way(&self, id: i64) -> bool {
        self.under_way.contains(&id)
    }

    /// Takes out everything that waits, since nothing more will be sent.
    pub fn drain(&mut self) -> Vec<Held> {
        self.endpoints.values_mut().flat_map(Endpoint::drain).collect()
    }

    /// Requests that are on their way.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Addresses whose circuit is open.
    pub fn open(&self) -> usize {
        self.endpoints.values().filter(|endpoint| endpoint.is_open()).count()
    }

    fn in_turn(&self) -> impl Iterator<Item = (&i64, &Endpoint)> {
        self.endpoints.range(self.last + 1..).chain(self.endpoints.range(..=self.last))
    }

    /// Requests that are on their way to addresses that fail.
    fn troubled(&self) -> usize {
        let troubled = self.endpoints.values().filter(|endpoint| endpoint.is_troubled());
        troubled.map(Endpoint::in_flight).sum()
    }

    fn held(&self) -> (usize, usize) {
        let all = self.endpoints.values().map(Endpoint::held);
        all.fold((0, 0), |sum, held| (sum.0 + held.0, sum.1 + held.1))
    }
}

#[cfg(test)]
mod tests;
