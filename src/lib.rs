//! Centrium, an omnichannel ticket-ingestion engine.

pub mod tickets;
