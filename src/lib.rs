//! Centrium, an omnichannel ticket-ingestion engine.

pub mod files;
pub mod store;
pub mod tickets;
mod tls;
