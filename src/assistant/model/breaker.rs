//! A model that fails again and again is left alone for a while.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failed turns in a row after which it opens.
const FAILURES: u32 = 5;
/// While it is open, one turn in this time is let through, to see.
const PROBE: Duration = Duration::from_secs(15);

/// Counts the turns that failed in a row.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// When the last turn failed, or was let through to see.
    last: Option<Instant>,
}

impl Breaker {
    /// Whether a turn may ask the model.
    pub(super) fn lets_through(&self, now: Instant) -> bool {
        let mut state = self.lock();
        if state.failures < FAILURES {
            return true;
        }
        let is_time = state.last.is_none_or(|last| now.saturating_duration_since(last) >= PROBE);
        if is_time {
            state.last = Some(now);
        }
        is_time
    }

    /// A turn was answered.
    pub(super) fn succeeded(&self) {
        *self.lock() = State::default();
    }

    /// A turn failed; says whether this opened it.
    pub(super) fn failed(&self, now: Instant) -> bool {
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        state.last = Some(now);
        state.failures == FAILURES
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_at_the_fifth_failure_in_a_row_and_probes_every_fifteen_seconds() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        let later = |seconds| now + Duration::from_secs(seconds);
        for _ in 0..4 {
            breaker.failed(now);
        }
        breaker.succeeded();
        for _ in 0..4 {
            assert!(!breaker.failed(now));
            assert!(breaker.lets_through(now));
        }
        assert!(breaker.failed(now));
        assert!(!breaker.lets_through(later(14)));
        assert!(breaker.lets_through(later(15)));
        assert!(!breaker.lets_through(later(16)), "one at a time");
        assert!(!breaker.failed(later(17)), "it is open already");
        assert!(!breaker.lets_through(later(31)));
        assert!(breaker.lets_through(later(32)));
        breaker.succeeded();
        assert!(breaker.lets_through(later(32)) && breaker.lets_through(later(32)));
    }
}
