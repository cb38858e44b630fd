//! Events on their way to other systems.

mod failure;
mod networks;
pub mod python;
pub mod send;
mod sign;
pub mod target;
