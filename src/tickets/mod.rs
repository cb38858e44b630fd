//! A ticket's life: what may happen to it, and what follows.

mod priority;

pub use priority::Priority;
