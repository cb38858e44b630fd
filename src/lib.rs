//! Centrium, an omnichannel ticket-ingestion engine.

pub mod config;
pub mod tickets;
