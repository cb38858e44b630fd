//! A ticket's life: what may happen to it, and what follows.
//!
//! [`life`] holds the single steps. Beside it is what an operator may do, from whatever edge:
//! [`reply`], [`delivery`], [`change`], [`operator`] and [`block`]. Each is one transaction, and
//! the same call done twice does nothing twice. [`shapes`] says how all this looks from outside.

pub mod answer;
pub mod block;
pub mod change;
pub mod delivery;
mod error;
pub mod life;
pub mod operator;
pub mod pace;
pub mod read;
pub mod reply;
pub mod shapes;
mod transaction;

pub use crate::store::names::{Author, DeliveryState, Priority, Status};
pub use error::{Error, Result};
