//! Who is told in this process after a commit, and of what.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Notify, watch};

use super::{Store, Tx};

/// Who waits for commits. Cheap to clone; all clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    events: watch::Sender<()>,
    deliveries: Arc<Notify>,
}

/// What a transaction will have to tell.
#[derive(Debug, Default)]
pub(super) struct Noted {
    events: AtomicBool,
    deliveries: AtomicBool,
}

impl Signals {
    /// What was noted is committed.
    pub fn tell(&self, noted: &Noted) {
        if noted.events.load(Ordering::Relaxed) {
            self.events.send_replace(());
        }
        if noted.deliveries.load(Ordering::Relaxed) {
            self.deliveries.notify_one();
        }
    }
}

impl Tx {
    /// Whoever follows the log shall look at it after the commit.
    pub(super) fn note_events(&self) {
        self.noted.events.store(true, Ordering::Relaxed);
    }

    /// What this changes is for the webhooks' dispatcher, which looks as soon as it is committed.
    pub fn wake_dispatcher(&self) {
        self.noted.deliveries.store(true, Ordering::Relaxed);
    }
}

impl Store {
    /// Changes after each commit of this process that wrote events.
    #[must_use]
    pub fn events_written(&self) -> watch::Receiver<()> {
        self.signals.events.subscribe()
    }

    /// Told after each commit in this process that gave the webhooks' dispatcher something to do.
    #[must_use]
    pub fn deliveries_written(&self) -> &Notify {
        &self.signals.deliveries
    }
}
