//! Connecting to PostgreSQL, over TLS where the address or the server asks for it.

mod connect;
mod error;
mod options;
mod target;
mod trust;

pub use error::PostgresError;
pub use target::PostgresTarget;
