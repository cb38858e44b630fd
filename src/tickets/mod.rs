//! A ticket's life: what may happen to it, and what follows.

pub use crate::store::names::{Author, DeliveryState, Priority, Status};
