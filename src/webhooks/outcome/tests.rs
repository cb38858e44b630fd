use super::*;
use crate::webhooks::samples::{NOW, delivery, hook};

fn pauses() -> [Duration; 2] {
    [Duration::from_secs(10), Duration::from_secs(100)]
}

fn answer(status: u16) -> Attempt {
    Attempt {
        status: Some(status),
        body: "a\0b".into(),
        error: None,
        retry_after: None,
        took: Duration::from_millis(3),
    }
}

#[test]
fn n_pauses_are_n_plus_1_tries() {
    let (mut hook, mut row) = (hook(), delivery());
    for (pause, tries) in [(10_000, 1), (100_000, 2)] {
        assert_eq!(note(&mut hook, &mut row, &answer(500), &pauses(), NOW), None);
        assert_eq!((row.status, row.attempt_number), (WebhookStatus::Pending, tries));
        let wait = row.run_at - NOW;
        assert!((pause * 4 / 5..=pause * 6 / 5).contains(&wait), "{wait}");
        assert_eq!(row.lease_owner, None);
    }
    assert_eq!(hook.failure_count, 0, "it has not failed yet");
    note(&mut hook, &mut row, &answer(302), &pauses(), NOW + 1);
    assert_eq!((row.status, row.attempt_number), (WebhookStatus::Failed, 3));
    assert_eq!(row.error_message.as_deref(), Some("The endpoint answered 302."));
    assert_eq!(
        (row.response_status, row.response_body.as_deref()),
        (Some(302), Some("a\u{FFFD}b"))
    );
    assert_eq!((hook.failure_count, hook.success_count), (1, 0));
    assert_eq!((hook.failing_since, hook.last_triggered_at), (Some(NOW), Some(NOW + 1)));
}

#[test]
fn a_success_ends_it_and_the_failures() {
    let (mut hook, mut row) = (hook(), delivery());
    note(&mut hook, &mut row, &answer(500), &pauses(), NOW);
    note(&mut hook, &mut row, &answer(204), &pauses(), NOW + 7);
    assert_eq!((row.status, row.attempt_number), (WebhookStatus::Success, 2));
    assert_eq!((row.delivered_at, row.error_message), (Some(NOW + 7), None));
    assert_eq!((hook.success_count, hook.failing_since), (1, None));
}

#[test]
fn the_pauses_spread_and_the_endpoints_wish_is_bounded() {
    let pause = Duration::from_secs(10);
    let waits: Vec<_> = (0..200).map(|_| wait(pause, None).as_millis()).collect();
    let (least, most) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
    assert!((8_000..8_600).contains(&least), "{least}");
    assert!((11_400..=12_000).contains(&most), "{most}");
    let asked = |seconds| wait(pause, Some(Duration::from_secs(seconds))).as_secs();
    assert_eq!([asked(0), asked(15), asked(3_600)], [10, 15, 20]);
}

#[test]
fn an_endpoint_that_wants_no_more_is_believed() {
    let (mut hook, mut row) = (hook(), delivery());
    let reason = note(&mut hook, &mut row, &answer(410), &pauses(), NOW).unwrap();
    assert!(reason.contains("410"), "{reason}");
    assert_eq!(row.status, WebhookStatus::Failed, "after one try");
    assert_eq!((hook.is_active, hook.disabled_reason.as_ref()), (false, Some(&reason)));
    assert_eq!(note(&mut hook, &mut delivery(), &answer(410), &pauses(), NOW), None, "once");
}

#[test]
fn five_days_of_failures_switch_a_webhook_off() {
    let mut hook = hook();
    let mut at = |hours: i64, status| {
        note(&mut hook, &mut delivery(), &answer(status), &pauses(), NOW + hours * HOUR)
    };
    assert_eq!(at(0, 500), None);
    assert_eq!(at(119, 500), None);
    assert_eq!(at(119, 200), None, "they count anew");
    assert_eq!(at(120, 500), None);
    assert_eq!(at(239, 500), None);
    assert!(at(240, 500).unwrap().contains("120 hours"));
}

#[test]
fn why_it_failed_is_always_a_sentence() {
    let mut attempt = Attempt { status: None, ..answer(0) };
    let mut row = delivery();
    note(&mut hook(), &mut row, &attempt, &pauses(), NOW);
    assert_eq!(row.error_message.as_deref(), Some("The endpoint did not answer."));
    assert_eq!((row.response_status, row.response_body), (None, None));
    attempt.error = Some("It broke\0.".into());
    let mut row = delivery();
    note(&mut hook(), &mut row, &attempt, &pauses(), NOW);
    assert_eq!(row.error_message.as_deref(), Some("It broke\u{FFFD}."));
}
