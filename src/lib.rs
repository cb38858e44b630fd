//! Centrium, an omnichannel ticket-ingestion engine.

pub mod files;
pub mod tickets;
mod tls;
