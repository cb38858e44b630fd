//! Centrium, an omnichannel ticket-ingestion engine.

pub mod api;
pub mod config;
pub mod keys;
pub mod telemetry;
pub mod tickets;
