//! Time, as the database and our JSON write it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// Milliseconds since 1970, UTC.
pub type Millis = i64;

/// One day.
pub const DAY: Millis = 24 * HOUR;
/// One hour.
pub const HOUR: Millis = 3_600_000;

/// This machine's clock. It orders nothing: what must be in order is ordered by ids.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// Now.
    #[must_use]
    pub fn now(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let real = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        real.saturating_add(self.ahead.load(Ordering::Relaxed))
    }

    /// Lets this clock, and all its clones, go ahead, so that a test need not wait for days.
    #[cfg(feature = "testing")]
    pub fn advance(&self, by: Millis) {
        self.ahead.fetch_add(by, Ordering::Relaxed);
    }
}

/// Reads a time as RFC 3339 writes it, in any zone. `None` where it is none.
#[must_use]
pub fn from_rfc3339(text: &str) -> Option<Millis> {
    let time = OffsetDateTime::parse(text.trim(), &Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
}

/// `2026-01-15T10:30:00.000Z`: RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn rfc3339(at: Millis) -> String {
    const FORMAT: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000)
        .ok()
        .and_then(|time| time.format(FORMAT).ok())
        .unwrap_or_default()
}

/// `2026-01-15T10:30:00`: UTC to the second, as the documents write it in `/ws`.
#[must_use]
pub fn utc_second(at: Millis) -> String {
    let mut text = rfc3339(at);
    text.truncate("2026-01-15T10:30:00".len());
    text
}
