//! What is cut off in the middle: nothing that was acknowledged is lost, nothing happens twice.
//!
//! Each test has a short form for every run, and a long one for `make chaos`.

#![expect(clippy::print_stderr, reason = "what was counted and measured is part of the result")]

mod crowd;
mod cut;
mod endpoints;
mod kill;
mod ledger;
mod outage;
mod publishers;
mod secrets;
mod senders;
mod stop;
mod telegram;
mod ten;
mod visitor;
mod webhooks;

/// The first in every run, the second where `CHAOS=1` asks for the long form.
pub fn short_or_long<T>(short: T, long: T) -> T {
    if std::env::var("CHAOS").is_ok_and(|value| value == "1") { long } else { short }
}
