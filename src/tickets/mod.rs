//! A ticket's life: what may happen to it, and what follows.

pub mod life;
pub mod read;

pub use crate::store::names::{Author, DeliveryState, Priority, Status};
