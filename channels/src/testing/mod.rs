//! What tests of adapters and of the engine stand on: an inbox and a channel that follow a
//! script, and the suite that every adapter passes.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that can't go on should say so at once"
)]

mod channel;
pub mod conformance;
mod garbage;
mod inbox;
mod limits;
pub mod telegram;

pub use channel::ScriptedChannel;
pub use garbage::garbage;
pub use inbox::{Accepted, Call, ScriptedInbox};
