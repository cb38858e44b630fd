//! The engine's tests, one binary: each module is a part of the engine, or a rule about it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod architecture;
mod assistant;
mod commands;
mod crash;
mod dependencies;
mod flows;
mod harness;
mod live;
mod migrations;
mod outside;
mod routes;
mod sender;
mod statements;
