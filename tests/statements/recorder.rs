//! Listens to every statement that this process runs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

static BEGUN: AtomicUsize = AtomicUsize::new(0);
static IS_DEAF: AtomicBool = AtomicBool::new(false);
static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Recorder;

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        let InstrumentationEvent::StartQuery { query, .. } = event else { return };
        BEGUN.fetch_add(1, Ordering::Relaxed);
        if !IS_DEAF.load(Ordering::Relaxed) {
            let text = query.to_string();
            let sql = text.split(" -- binds:").next().unwrap_or_default();
            seen().push(sql.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}

/// From now on, connections that are made record their statements.
pub fn listen() {
    set_default_instrumentation(|| Some(Box::new(Recorder))).unwrap();
}

/// From now on, statements are counted and not recorded, which would allocate; or recorded again.
pub fn be_deaf(is_deaf: bool) {
    IS_DEAF.store(is_deaf, Ordering::Relaxed);
}

/// How many statements were begun.
pub fn begun() -> usize {
    BEGUN.load(Ordering::Relaxed)
}

/// What was recorded since the last call, without values.
pub fn take() -> Vec<String> {
    std::mem::take(&mut seen())
}

fn seen() -> MutexGuard<'static, Vec<String>> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}
