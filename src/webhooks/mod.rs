//! Webhooks: other systems are told of events over HTTP, until they have taken them.
//!
//! A delivery is a row that is written with its event (`store/events/fan_out.rs`), and stays as one
//! row over all its tries. The [dispatcher] takes what is due and posts it; `endpoint.rs` is what
//! it knows of one address, `outcome.rs` what a try means, `send.rs` the request itself, whose body
//! is as Python would print it (`python.rs`), signed (`sign.rs`), and sent only where that is allowed
//! (`target.rs`, `networks.rs`).

mod board;
mod change;
pub mod dispatcher;
mod endpoint;
mod error;
mod failure;
mod interest;
mod networks;
mod outcome;
pub mod python;
mod resend;
#[cfg(test)]
mod samples;
pub mod send;
mod settle;
mod sign;
pub mod target;

pub use change::{Change, Draft, change, create, delete, rotate};
pub use error::{Error, Result};
pub use interest::EVERYTHING;
pub use resend::{check_active, replay, retry, test};
