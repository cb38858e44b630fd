//! What the engine tells about itself: logs, metrics and the place of a panic.
//!
//! Log fields are dotted (`ticket.id`, `channel.kind`). Message bodies, addresses and secrets are
//! never logged. The terminal's log goes to standard error: standard output belongs to what a
//! command prints.

mod logs;
pub mod metrics;
mod panics;

pub use logs::{Guard, TelemetryError, init};
pub use metrics::{count_message, metrics, record_assistant, record_commit};
