use super::*;
use crate::webhooks::samples::{NOW, held, hook};

fn endpoint(waiting: i64) -> Endpoint {
    let mut endpoint = Endpoint::new(Arc::new(hook()));
    endpoint.fill((1..=waiting).map(held).collect(), Instant::now());
    endpoint
}

/// How many requests it begins at once.
fn begun(endpoint: &mut Endpoint, now: Instant) -> usize {
    std::iter::from_fn(|| endpoint.next(NOW, now)).count()
}

#[test]
fn one_that_succeeds_gets_more_at_once_and_one_that_fails_less() {
    let now = Instant::now();
    let mut endpoint = endpoint(100);
    assert_eq!(begun(&mut endpoint, now), 2, "nothing is known of it yet");
    for _ in 0..20 {
        endpoint.ended(true, now);
        begun(&mut endpoint, now);
    }
    assert_eq!(endpoint.in_flight, 8, "never more");
    endpoint.ended(false, now);
    assert_eq!(endpoint.lanes, 4);
    for _ in 0..7 {
        endpoint.ended(false, now);
    }
    assert_eq!(begun(&mut endpoint, now), 1, "always one");
}

#[test]
fn after_20_failures_in_a_row_there_are_only_probes() {
    let mut now = Instant::now();
    let mut endpoint = endpoint(100);
    let fail = |endpoint: &mut Endpoint, now| {
        assert!(endpoint.next(NOW, now).is_some());
        endpoint.ended(false, now)
    };
    for _ in 0..19 {
        assert_eq!(fail(&mut endpoint, now), None);
    }
    endpoint.next(NOW, now);
    assert_eq!(endpoint.ended(true, now), None, "one success, and they count anew");
    for _ in 0..19 {
        assert_eq!(fail(&mut endpoint, now), None);
    }
    assert_eq!(fail(&mut endpoint, now), Some(Turn::Opened));
    assert!(endpoint.is_open());

    assert!(endpoint.next(NOW, now).is_none(), "what waits is not sent");
    assert_eq!(endpoint.overdue(NOW, now).len(), 60, "but given back");
    assert_eq!(endpoint.room(now), 0);
    now += PROBE;
    assert_eq!(endpoint.room(now), 1, "a probe");
    endpoint.fill(vec![held(1)], now);
    assert_eq!(endpoint.room(now), 0, "and no second one");
    assert!(endpoint.overdue(NOW, now).is_empty());
    assert!(endpoint.next(NOW, now).is_some());
    assert_eq!(endpoint.room(now), 0, "while it is on its way");
    assert_eq!(endpoint.ended(false, now), None, "it was open");
    assert_eq!(endpoint.room(now + PROBE / 2), 0);
    now += PROBE;
    endpoint.fill(vec![held(2)], now);
    assert!(endpoint.next(NOW, now).is_some());
    assert_eq!(endpoint.ended(true, now), Some(Turn::Closed));
    assert!(endpoint.room(now) > 1);
}

#[test]
fn another_address_begins_anew() {
    let now = Instant::now();
    let mut endpoint = endpoint(100);
    for _ in 0..20 {
        endpoint.next(NOW, now);
        endpoint.ended(false, now);
    }
    endpoint.refresh(hook());
    assert!(endpoint.is_open(), "nothing has changed");
    endpoint.refresh(Webhook { url: "https://example.org/".into(), ..hook() });
    assert!(!endpoint.is_open());
}

#[test]
fn a_quick_one_is_held_more_for_and_a_slow_one_less() {
    let mut now = Instant::now();
    let mut endpoint = endpoint(0);
    assert_eq!(endpoint.room(now), FEWEST);
    for _ in 0..20 {
        now += QUICK / 2;
        endpoint.fill(Vec::new(), now);
    }
    assert_eq!(endpoint.room(now), MOST);
    for _ in 0..20 {
        now += SLOW * 2;
        endpoint.fill(Vec::new(), now);
    }
    assert_eq!(endpoint.room(now), FEWEST);
    now += SLOW / 2;
    endpoint.fill((0..10).map(held).collect(), now);
    assert_eq!(endpoint.room(now), 0, "more than half of it waits");
}

#[test]
fn what_has_waited_too_long_is_given_back() {
    let now = Instant::now();
    let mut endpoint = endpoint(2);
    endpoint.fill(vec![Held { begin_by: NOW + 500, ..held(3) }], now);
    assert!(endpoint.overdue(NOW + 100, now).is_empty());
    assert!(endpoint.next(NOW + 101, now).is_none(), "it may be another engine's by now");
    let late: Vec<i64> = endpoint.overdue(NOW + 101, now).iter().map(|h| h.delivery.id).collect();
    assert_eq!(late, [1, 2]);
    assert_eq!(endpoint.held().0, 1);
    assert!(endpoint.next(NOW + 101, now).is_some(), "the third");
}

#[test]
fn little_waits_for_one_that_fails() {
    let now = Instant::now();
    let mut endpoint = endpoint(10);
    for _ in 0..3 {
        assert!(endpoint.overdue(NOW, now).is_empty());
        endpoint.next(NOW, now);
        endpoint.ended(false, now);
    }
    assert_eq!(endpoint.room(now), 0);
    assert_eq!(endpoint.overdue(NOW, now).len(), 5);
    assert_eq!((endpoint.held().0, endpoint.room(now)), (2, 0));
    endpoint.next(NOW, now);
    assert_eq!(endpoint.room(now), 1);
    endpoint.ended(true, now);
    assert!(endpoint.room(now) > 2);
}
