//! Addresses that fail: they hold nobody else, and in the end are switched off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use centrium::clock::{DAY, HOUR};
use serde_json::{Value, json};

use super::{deliveries, hook, pauses, until, until_status};
use crate::harness::{App, Receiver, Says, both};

both!(one_that_is_gone_is_switched_off_and_another_is_told, async |app: App| {
    let app = app.restart(pauses("0")).await;
    let gone = Arc::new(AtomicBool::new(true));
    let its = gone.clone();
    let receiver = Receiver::answering(move |_| {
        Says::Status(if its.load(Ordering::SeqCst) { 410 } else { 200 }, "")
    })
    .await;
    let others = Receiver::start().await;
    let hook_of_gone = hook(&app, &receiver, "user.created").await;
    hook(&app, &others, "webhook.disabled").await;
    app.http.say("anna", "привет").await;
    let told = others.until(1).await;
    let reason = "The endpoint answered 410: it wants no more.";
    let expected = json!({ "webhook_id": 1, "name": "user.created", "reason": reason });
    assert_eq!((told[0].kind(), told[0].json()), ("webhook.disabled", expected));
    let shown = app.http.get(&hook_of_gone).await.expect(200);
    assert_eq!((&shown["is_active"], &shown["disabled_reason"]), (&json!(false), &json!(reason)));
    until_status(&app, &hook_of_gone, "failed", 1).await;
    for path in ["test", "deliveries/1/retry", "replay"] {
        let body = json!({ "since": "2026-01-01T00:00:00Z" });
        let sentence = app.http.post(&format!("{hook_of_gone}/{path}"), body).await.refused(422);
        assert!(sentence.contains("switched off"), "{sentence}");
    }

    // While it is off nothing is written for it.
    app.http.say("boris", "привет").await;
    assert_eq!(deliveries(&app, &hook_of_gone, "").await.len(), 1);
    gone.store(false, Ordering::SeqCst);
    let on = app.http.patch(&hook_of_gone, json!({ "is_active": true })).await.expect(200);
    assert_eq!((&on["disabled_reason"], &on["failing_since"]), (&Value::Null, &Value::Null));
    app.http.say("vera", "привет").await;
    until_status(&app, &hook_of_gone, "success", 1).await;
});

both!(five_days_of_failures_switch_it_off_and_what_waits_goes_on_waiting, async |app: App| {
    let app = app.restart(pauses("600000")).await;
    let works = Arc::new(AtomicBool::new(false));
    let its = works.clone();
    let receiver = Receiver::answering(move |_| {
        Says::Status(if its.load(Ordering::SeqCst) { 200 } else { 500 }, "")
    })
    .await;
    let hook = hook(&app, &receiver, "user.created").await;
    app.http.say("anna", "привет").await;
    until(&app, &hook, |hook| hook["failing_since"].is_string()).await;
    app.engine.clock.advance(121 * HOUR);
    app.http.say("boris", "привет").await;
    let off = until(&app, &hook, |hook| hook["is_active"] == false).await;
    assert!(off["disabled_reason"].as_str().unwrap().contains("120 hours"));
    assert_eq!(deliveries(&app, &hook, "status=pending").await.len(), 2);

    works.store(true, Ordering::SeqCst);
    app.engine.clock.advance(10 * DAY);
    let before = receiver.all().len();
    app.http.patch(&hook, json!({ "name": "still off" })).await.expect(200);
    app.http.patch(&hook, json!({ "is_active": true })).await.expect(200);
    until_status(&app, &hook, "success", 2).await;
    assert_eq!(receiver.all().len(), before + 2);
});

both!(a_dead_one_and_a_slow_one_do_not_hold_the_others, async |app: App| {
    let app = app.restart(pauses("0,0,0,0,0,0,0,0,0")).await;
    let silent = Receiver::answering(|_| Says::Nothing).await;
    let failing = Receiver::answering(|_| Says::Status(500, "")).await;
    let healthy = Receiver::start().await;
    hook(&app, &silent, "*").await;
    let hook_of_failing = hook(&app, &failing, "*").await;
    let hook_of_healthy = hook(&app, &healthy, "*").await;
    let senders = (0..20).map(|i| {
        let http = app.http.clone();
        async move { http.say(&format!("customer-{i}"), "привет").await }
    });
    futures_util::future::join_all(senders).await;
    let began = Instant::now();
    let events = until_status(&app, &hook_of_healthy, "success", 80);
    tokio::time::timeout(Duration::from_secs(5), events).await.expect("nothing holds it up");
    let late = began.elapsed();
    assert!(silent.all().len() <= 8, "never more at once: {}", silent.all().len());

    // Its circuit opens: from now on there is one request in 5 s. All that is not tried is not
    // counted either.
    failing.until(20).await;
    let seen = failing.all().len();
    assert!((20..=28).contains(&seen), "{seen} after {late:?}");
    let waiting = deliveries(&app, &hook_of_failing, "limit=200").await;
    assert!(waiting.iter().all(|row| row["status"] == "pending"), "{waiting:#?}");
    let metrics = app.http.get("/metrics").await;
    let metrics = String::from_utf8(metrics.body).unwrap();
    assert!(metrics.contains("centrium_webhook_circuits_open"), "{metrics}");
    assert!(metrics.contains("centrium_webhook_tries_total{status=\"success\"}"), "{metrics}");
});

both!(a_circuit_closes_when_a_probe_arrives, async |app: App| {
    let app = app.restart(pauses("0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0")).await;
    let receiver =
        Receiver::answering(|posted| Says::Status(if posted.place < 20 { 500 } else { 200 }, ""))
            .await;
    let hook = hook(&app, &receiver, "*").await;
    for i in 0..10 {
        app.http.say(&format!("customer-{i}"), "привет").await;
    }
    until_status(&app, &hook, "success", 40).await;
    let all = receiver.all();
    let pause = all[20].at - all[19].at;
    assert!((4_900..8_000).contains(&pause.as_millis()), "{pause:?}");
    let rest = all[60 - 1].at - all[20].at;
    assert!(rest < Duration::from_secs(4), "and then all at once: {rest:?}");
    let rows = deliveries(&app, &hook, "limit=200").await;
    let tries: i64 = rows.iter().map(|row| row["attempt_number"].as_i64().unwrap()).sum();
    assert_eq!(tries, 60, "each try counts, and nothing else");
});
