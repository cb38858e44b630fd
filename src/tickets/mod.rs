//! A ticket's life: what may happen to it, and what follows.

pub mod life;

pub use crate::store::names::{Author, DeliveryState, Priority, Status};
