//! Centrium, an omnichannel ticket-ingestion engine.

pub mod assistant;
pub mod tickets;
