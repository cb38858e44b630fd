//! A power cut after any store operation, for the crash tests.
//!
//! Without the feature `testing` this is empty and costs nothing.

use diesel::result::{DatabaseErrorKind, Error, QueryResult};

/// Counts the store's operations, and lets none through after a given one.
#[derive(Clone, Debug, Default)]
pub struct Cut {
    #[cfg(feature = "testing")]
    state: std::sync::Arc<State>,
}

#[cfg(feature = "testing")]
#[derive(Debug)]
struct State {
    done: std::sync::atomic::AtomicU64,
    allowed: std::sync::atomic::AtomicU64,
}

#[cfg(feature = "testing")]
impl Default for State {
    fn default() -> Self {
        Self { done: 0.into(), allowed: u64::MAX.into() }
    }
}

impl Cut {
    /// One operation is about to happen.
    #[cfg(feature = "testing")]
    pub(super) fn step(&self) -> QueryResult<()> {
        use std::sync::atomic::Ordering::SeqCst;
        let before = self.state.done.fetch_add(1, SeqCst);
        if before < self.state.allowed.load(SeqCst) { Ok(()) } else { Err(cut_off()) }
    }

    #[cfg(not(feature = "testing"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the shape of the other one")]
    pub(super) fn step(&self) -> QueryResult<()> {
        Ok(())
    }

    /// From now on, lets this many operations through, and none after them.
    #[cfg(feature = "testing")]
    pub fn after(&self, operations: u64) {
        use std::sync::atomic::Ordering::SeqCst;
        self.state.done.store(0, SeqCst);
        self.state.allowed.store(operations, SeqCst);
    }

    /// Whether an operation was refused since then.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.count() > self.state.allowed.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// How many operations were asked for since the last [`after`](Cut::after).
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn count(&self) -> u64 {
        self.state.done.load(std::sync::atomic::Ordering::SeqCst)
    }
}

#[cfg_attr(not(feature = "testing"), expect(dead_code, reason = "used by the counting build"))]
fn cut_off() -> Error {
    Error::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(String::from("cut off")))
}
