//! Centrium, an omnichannel ticket-ingestion engine.

pub mod clock;
pub mod store;
pub mod tickets;
