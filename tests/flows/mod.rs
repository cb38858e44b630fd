//! What happens over time: several requests, restarts, other people.

mod ahead;
mod contacts;
mod decisions;
mod delivery;
mod engines;
mod jobs;
mod knowledge;
mod life;
mod operators;
pub mod search;
mod sets;
mod telegram;
mod webhooks;
