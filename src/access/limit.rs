//! How many requests a minute a key or an address may make.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use centrium_channels::{Error, Kind};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

type Limiter<K, C> = RateLimiter<K, DashMapStateStore<K>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The limits of one process, by the generic cell rate algorithm: after a burst of a minute's
/// worth, requests are let through evenly.
pub struct Limits<C: Clock = DefaultClock> {
    keys: Option<Limiter<String, C>>,
    addresses: Option<Limiter<IpAddr, C>>,
    clock: C,
}

/// Too many requests: how long until the next one is let through, for `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Whole seconds, rounded up, at least 1.
    pub seconds: u64,
}

impl From<Wait> for Error {
    fn from(Wait { seconds }: Wait) -> Self {
        let unit = if seconds == 1 { "second" } else { "seconds" };
        Self::new(Kind::TooMany, format!("Too many requests; try again in {seconds} {unit}."))
            .after(Duration::from_secs(seconds))
    }
}

impl Limits {
    /// Limits of so many requests a minute for one key and for one address; 0 = no limit.
    #[must_use]
    pub fn new(per_key: u32, per_ip: u32) -> Self {
        Self::with_clock(per_key, per_ip, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Limits<C> {
    /// The same by another clock.
    pub fn with_clock(per_key: u32, per_ip: u32, clock: C) -> Self {
        let quota = |per_minute| NonZeroU32::new(per_minute).map(Quota::per_minute);
        Self {
            keys: quota(per_key).map(|quota| RateLimiter::dashmap_with_clock(quota, clock.clone())),
            addresses: quota(per_ip)
                .map(|quota| RateLimiter::dashmap_with_clock(quota, clock.clone())),
            clock,
        }
    }

    /// Counts a request made with a key, by the key's digest.
    ///
    /// # Errors
    /// The key's requests of this minute are used up; this one was not counted.
    pub fn check_key(&self, key_digest: &str) -> Result<(), Wait> {
        let Some(limiter) = &self.keys else { return Ok(()) };
        limiter.check_key(&key_digest.to_owned()).map_err(|until| self.wait(&until))
    }

    /// Counts a request from an address. An IPv6 host owns its whole /64, so that is what counts.
    ///
    /// # Errors
    /// The address's requests of this minute are used up; this one was not counted.
    pub fn check_ip(&self, address: IpAddr) -> Result<(), Wait> {
        let Some(limiter) = &self.addresses else { return Ok(()) };
        limiter.check_key(&network(address)).map_err(|until| self.wait(&until))
    }

    /// Forgets who has not asked lately, so that memory follows those who do. To be called every
    /// minute or so.
    pub fn sweep(&self) {
        if let Some(limiter) = &self.keys {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        if let Some(limiter) = &self.addresses {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    fn wait(&self, until: &governor::NotUntil<C::Instant>) -> Wait {
        let wait = until.wait_time_from(self.clock.now());
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Wait { seconds: seconds.max(1) }
    }
}

/// What is counted as one address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use centrium_channels::Retry;
    use governor::clock::FakeRelativeClock;
    use proptest::prelude::*;

    use super::*;

    fn limits(per_key: u32, per_ip: u32) -> (Limits<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Limits::with_clock(per_key, per_ip, clock.clone()), clock)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_minutes_worth_passes_at_once_and_then_one_at_a_time() {
        let (limits, clock) = limits(0, 30);
        for _ in 0..30 {
            limits.check_ip(ip("192.0.2.1")).unwrap();
        }
        assert_eq!(limits.check_ip(ip("192.0.2.1")), Err(Wait { seconds: 2 }));
        clock.advance(Duration::from_millis(1500));
        assert_eq!(limits.check_ip(ip("192.0.2.1")), Err(Wait { seconds: 1 }));
        clock.advance(Duration::from_millis(500));
        limits.check_ip(ip("192.0.2.1")).unwrap();
        assert!(limits.check_ip(ip("192.0.2.1")).is_err());
    }

    #[test]
    fn one_key_or_address_does_not_use_up_anothers() {
        let (limits, _) = limits(1, 1);
        limits.check_key("a").unwrap();
        limits.check_key("b").unwrap();
        limits.check_ip(ip("192.0.2.1")).unwrap();
        limits.check_ip(ip("192.0.2.2")).unwrap();
        assert_eq!(limits.check_key("a"), Err(Wait { seconds: 60 }));
    }

    #[test]
    fn an_ipv6_host_is_its_64_and_a_mapped_ipv4_address_itself() {
        let (limits, _) = limits(0, 1);
        limits.check_ip(ip("2001:db8:0:1::1")).unwrap();
        assert!(limits.check_ip(ip("2001:db8:0:1:ffff::2")).is_err());
        limits.check_ip(ip("2001:db8:0:2::1")).unwrap();
        limits.check_ip(ip("192.0.2.1")).unwrap();
        assert!(limits.check_ip(ip("::ffff:192.0.2.1")).is_err());
        limits.check_ip(ip("::ffff:192.0.2.2")).unwrap();
    }

    #[test]
    fn zero_means_no_limit() {
        let (limits, _) = limits(0, 0);
        for _ in 0..10_000 {
            limits.check_key("a").unwrap();
            limits.check_ip(ip("192.0.2.1")).unwrap();
        }
        limits.sweep();
    }

    #[test]
    fn sweeping_forgets_only_who_has_not_asked_lately() {
        let (limits, clock) = limits(60, 60);
        let addresses = limits.addresses.as_ref().unwrap();
        for host in 0..100u8 {
            limits.check_ip([192, 0, 2, host].into()).unwrap();
        }
        clock.advance(Duration::from_secs(61));
        limits.check_ip(ip("192.0.2.1")).unwrap();
        limits.sweep();
        assert_eq!(addresses.len(), 1);
    }

    #[test]
    fn a_refusal_tells_the_caller_when_to_come_again() {
        let error = Error::from(Wait { seconds: 1 });
        assert_eq!(error.sentence, "Too many requests; try again in 1 second.");
        assert_eq!(
            (error.kind, error.retry),
            (Kind::TooMany, Retry::After(Duration::from_secs(1)))
        );
    }

    proptest! {
        #[test]
        fn who_waits_as_told_is_let_through(
            per_minute in 1u32..10_000,
            pauses in prop::collection::vec(0u64..3_000, 1..60),
        ) {
            let (limits, clock) = limits(per_minute, 0);
            for pause in pauses {
                clock.advance(Duration::from_millis(pause));
                if let Err(wait) = limits.check_key("a") {
                    prop_assert!((1..=60).contains(&wait.seconds));
                    clock.advance(Duration::from_secs(wait.seconds));
                    prop_assert_eq!(limits.check_key("a"), Ok(()));
                }
            }
        }
    }
}
