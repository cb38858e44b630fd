//! How much patience there is with live clients.

use std::time::Duration;

/// Limits of a live client.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How many frames a client may be behind before it is cut off.
    pub ring: usize,
    /// How often a client is sent a ping.
    pub ping: Duration,
    /// How long a client may be silent, or take nothing, before it is cut off.
    pub silence: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { ring: 1_024, ping: Duration::from_secs(30), silence: Duration::from_secs(90) }
    }
}
