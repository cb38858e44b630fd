//! The HTTP side of the engine.

pub mod caller;
pub mod limit;
