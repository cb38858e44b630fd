//! Centrium, an omnichannel ticket-ingestion engine.

pub mod access;
pub mod api;
pub mod app;
pub mod assistant;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod eval;
pub mod events;
pub mod files;
pub mod health;
pub mod inbox;
pub mod ingest;
pub mod jobs;
pub mod keys;
pub mod knowledge;
pub mod seed;
pub mod store;
pub mod telemetry;
pub mod tickets;
mod tls;
pub mod turns;
pub mod webhooks;
pub mod writer;
