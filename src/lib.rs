//! Centrium, an omnichannel ticket-ingestion engine.

pub mod api;
pub mod clock;
pub mod config;
pub mod files;
pub mod keys;
pub mod store;
pub mod telemetry;
pub mod tickets;
mod tls;
