//! Centrium, an omnichannel ticket-ingestion engine.

pub mod assistant;
pub mod tickets;
mod tls;
pub mod turns;
pub mod writer;
