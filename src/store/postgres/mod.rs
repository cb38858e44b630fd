//! Connecting to PostgreSQL, over TLS where the address or the server asks for it.

mod connect;
mod error;
mod line;
mod options;
mod state;
mod target;
mod trust;

pub use error::PostgresError;
pub use state::LastState;
pub use target::PostgresTarget;
