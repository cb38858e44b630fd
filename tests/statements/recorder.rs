//! Listens to every statement that this process runs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

use crate::harness::{App, Options};

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Recorder;

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let sql = text.split(" -- binds:").next().unwrap_or_default();
            seen().push(sql.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}

/// The same engine's next life, all of whose statements are recorded.
pub async fn listen_to(app: App) -> App {
    set_default_instrumentation(|| Some(Box::new(Recorder))).unwrap();
    app.restart(Options::default()).await
}

/// What was recorded since the last call, without values.
pub fn take() -> Vec<String> {
    std::mem::take(&mut seen())
}

fn seen() -> MutexGuard<'static, Vec<String>> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}
