//! What a webhook can be told of.

use super::{Error, Result};
use crate::events::{KINDS, kind};

/// The event type that means all of them.
pub const EVERYTHING: &str = "*";

/// Whether there are events of this type.
pub(super) fn check(event_type: &str) -> Result<()> {
    if event_type == EVERYTHING || kind(event_type).is_some() {
        return Ok(());
    }
    Err(Error::Invalid(format!("event_type is {EVERYTHING} or one of {}.", KINDS.join(", "))))
}
