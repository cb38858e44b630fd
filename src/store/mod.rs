//! The store.

pub mod postgres;
