//! Work that follows from a change. Every job is a row that was written with its cause; a worker
//! leases it, does the work outside of any transaction, and writes its effect together with its
//! end. A crash between any two steps repeats a step, never a result.
//!
//! One file a job; [`worker`] runs them, [`housekeeping`] does what is due by the clock.

pub mod answer_ticket;
pub mod deliver_reply;
pub mod housekeeping;
mod local;
mod outcomes;
mod purge;
pub mod worker;

pub use local::LocalQueue;
pub use outcomes::Outcomes;

use rand::RngExt;

use crate::clock::Millis;

/// How long an engine may work on a job before another one takes it over. Longer than the
/// longest a job may take (the assistant's limit is at most 35 s).
pub const LEASE: Millis = 45_000;

/// Tries of a job before it is buried.
pub const TRIES: i64 = 8;

/// The pause before a job's next try: 1 s, 2 s, 4 s … up to 10 minutes, give or take a fifth, so
/// that what failed together does not come back together.
#[must_use]
pub fn backoff(attempts: i64) -> Millis {
    let exponent = u32::try_from(attempts.clamp(1, 12) - 1).unwrap_or(0);
    let pause = (1_000 * 2_i64.pow(exponent)).min(600_000);
    rand::rng().random_range(pause * 4 / 5..=pause * 6 / 5)
}
