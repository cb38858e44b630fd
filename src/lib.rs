//! Centrium, an omnichannel ticket-ingestion engine.

pub mod config;
pub mod keys;
pub mod tickets;
