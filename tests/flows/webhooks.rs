//! Other systems are told of events, until they have taken them.

mod leases;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use centrium::clock::{DAY, HOUR, rfc3339};
use centrium::jobs::housekeeping;
use serde_json::{Value, json};

use crate::harness::{App, Database, Kind, Options, Receiver, Says, both};

/// With these pauses between the tries, in seconds.
fn pauses(pauses: &str) -> Options {
    Options {
        config: vec![
            ("WEBHOOK_ALLOW_PRIVATE", "true".into()),
            ("WEBHOOK_RETRY_SECONDS", pauses.into()),
            ("WEBHOOK_TIMEOUT_SECONDS", "5".into()),
        ],
        ..Options::default()
    }
}

async fn hook(app: &App, receiver: &Receiver, kind: &str) -> String {
    let body = json!({ "name": kind, "url": receiver.url, "event_type": kind });
    let made = app.http.post("/webhooks", body).await.expect(201);
    format!("/webhooks/{}", made["id"])
}

async fn deliveries(app: &App, hook: &str, query: &str) -> Vec<Value> {
    let page = app.http.get(&format!("{hook}/deliveries?{query}")).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

/// Waits until this is so of what the path answers, and gives it.
async fn until(app: &App, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let answer = app.http.get(path).await.expect(200);
        if is_so(&answer) {
            return answer;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{answer:#}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until so many deliveries have this status.
async fn until_status(app: &App, hook: &str, status: &str, count: usize) -> Vec<Value> {
    let path = format!("{hook}/deliveries?status={status}");
    let page = until(app, &path, |page| page["total"] == count).await;
    page["items"].as_array().unwrap().clone()
}

both!(every_event_of_a_message_is_posted_to_who_wants_it, async |app: App| {
    let app = app.restart(pauses("1")).await;
    let (all, tickets) = (Receiver::start().await, Receiver::start().await);
    let (everything, created) =
        (hook(&app, &all, "*").await, hook(&app, &tickets, "ticket.created").await);
    let said = app.http.say("anna", "не работает интернет").await;

    let posted = all.until(4).await;
    let mut kinds: Vec<_> = posted.iter().map(|p| p.kind().to_owned()).collect();
    kinds.sort();
    let expected =
        ["ticket.created", "ticket.message_added", "ticket.message_added", "user.created"];
    assert_eq!(kinds, expected);
    let ids: BTreeSet<_> = posted.iter().map(|p| p.id().to_owned()).collect();
    assert_eq!(ids.len(), 4);
    assert!(posted.iter().all(|p| p.path == "/hook" && p.header("x-webhook-id") == "1"));
    assert!(posted.iter().all(|p| p.header("content-type") == "application/json"));

    let [ticket] = &tickets.until(1).await[..] else { panic!("one and no other") };
    let body = ticket.json();
    assert_eq!((&body["ticket_id"], &body["channel"]), (&said["ticket_id"], &json!("api")));
    assert!(ids.contains(ticket.id()), "one event has one id, wherever it goes");

    let done = until_status(&app, &everything, "success", 4).await;
    assert!(done.windows(2).all(|two| two[0]["id"].as_i64() > two[1]["id"].as_i64()));
    let [done] = &until_status(&app, &created, "success", 1).await[..] else { panic!() };
    assert_eq!((&done["event_type"], &done["payload"]), (&json!("ticket.created"), &body));
    assert_eq!((&done["response_status"], &done["response_body"]), (&json!(200), &json!("ok")));
    assert_eq!((&done["attempt_number"], &done["next_retry_at"]), (&json!(1), &Value::Null));
    assert_eq!((&done["webhook_id"], &done["error_message"]), (&json!(2), &Value::Null));
    assert!(done["delivered_at"].is_string() && done["created_at"].is_string());

    let shown = app.http.get(&everything).await.expect(200);
    assert_eq!((&shown["success_count"], &shown["failure_count"]), (&json!(4), &json!(0)));
    assert!(shown["last_triggered_at"].is_string());
    let stats = app.http.get("/webhooks/stats").await.expect(200);
    let expected = json!({
        "total_webhooks": 2, "active_webhooks": 2, "total_deliveries": 5,
        "successful_deliveries": 5, "failed_deliveries": 0, "success_rate": 100.0,
    });
    assert_eq!(stats, expected);
});

both!(what_fails_is_tried_again_to_the_end_and_by_hand, async |app: App| {
    let app = app.restart(pauses("0,0")).await;
    let works = Arc::new(AtomicBool::new(false));
    let its = works.clone();
    let receiver = Receiver::answering(move |_| {
        if its.load(Ordering::SeqCst) { Says::Status(200, "") } else { Says::Status(500, "no\0") }
    })
    .await;
    let hook = hook(&app, &receiver, "user.created").await;
    app.http.say("anna", "привет").await;
    let [failed] = &until_status(&app, &hook, "failed", 1).await[..] else { panic!() };
    assert_eq!((&failed["attempt_number"], &failed["response_status"]), (&json!(3), &json!(500)));
    assert_eq!(failed["response_body"], "no\u{FFFD}");
    assert_eq!(failed["error_message"], "The endpoint answered 500.");
    assert_eq!((&failed["delivered_at"], &failed["next_retry_at"]), (&Value::Null, &Value::Null));
    let ids: BTreeSet<_> = receiver.all().iter().map(|p| p.id().to_owned()).collect();
    assert_eq!((receiver.all().len(), ids.len()), (3, 1), "the same id over all tries");
    let shown = app.http.get(&hook).await.expect(200);
    assert_eq!((&shown["failure_count"], &shown["success_count"]), (&json!(1), &json!(0)));
    assert!(shown["failing_since"].is_string());
    let stats = app.http.get("/webhooks/stats").await.expect(200);
    assert_eq!((&stats["failed_deliveries"], &stats["success_rate"]), (&json!(1), &json!(0.0)));

    works.store(true, Ordering::SeqCst);
    let again = format!("{hook}/deliveries/{}/retry", failed["id"]);
    let due = app.http.post(&again, json!({})).await.expect(202);
    assert_eq!((&due["id"], &due["payload"]), (&failed["id"], &failed["payload"]));
    let [done] = &until_status(&app, &hook, "success", 1).await[..] else { panic!() };
    assert_eq!((&done["id"], &done["attempt_number"]), (&failed["id"], &json!(1)));
    let shown = app.http.get(&hook).await.expect(200);
    assert_eq!((&shown["failure_count"], &shown["success_count"]), (&json!(0), &json!(1)));
    assert_eq!(shown["failing_since"], Value::Null);
    app.http.post(&again, json!({})).await.refused(422);
    for other in ["9999", "x", "0"] {
        let path = format!("{hook}/deliveries/{other}/retry");
        let missing = app.http.post(&path, json!({})).await.expect(404);
        assert_eq!(missing, json!({ "detail": "Delivery not found" }));
    }
});

both!(a_retry_waits_as_long_as_it_is_told_within_bounds, async |app: App| {
    let app = app.restart(pauses("100,100")).await;
    let receiver = Receiver::answering(|posted| match posted.json()["ticket_id"].as_i64() {
        Some(1) => Says::With(503, ("retry-after", "150")),
        Some(2) => Says::With(503, ("retry-after", "10000")),
        _ => Says::Status(503, ""),
    })
    .await;
    let hook = hook(&app, &receiver, "ticket.created").await;
    for who in ["anna", "boris", "vera"] {
        app.http.say(who, "привет").await;
    }
    receiver.until(3).await;
    let path = format!("{hook}/deliveries");
    let page = until(&app, &path, |page| {
        page["items"].as_array().unwrap().iter().all(|row| row["response_status"] == 503)
    })
    .await;
    let now = app.engine.clock.now();
    let wait = |row: &Value| {
        let at = centrium::clock::from_rfc3339(row["next_retry_at"].as_str().unwrap()).unwrap();
        (at - now) / 1_000
    };
    for row in page["items"].as_array().unwrap() {
        let wait = wait(row);
        let (least, most) = match row["payload"]["ticket_id"].as_i64() {
            Some(1) => (100, 150),
            Some(2) => (150, 200),
            _ => (30, 120),
        };
        assert!((least..=most).contains(&wait), "{wait} {row}");
        assert_eq!(row["status"], "pending");
    }
    // Whoever can't wait asks for it.
    for row in page["items"].as_array().unwrap() {
        let path = format!("{hook}/deliveries/{}/retry", row["id"]);
        app.http.post(&path, json!({})).await.expect(202);
    }
    receiver.until(6).await;
});

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

both!(a_test_goes_to_one_webhook_alone, async |app: App| {
    let app = app.restart(pauses("1")).await;
    let (one, other) = (Receiver::start().await, Receiver::start().await);
    let tested = hook(&app, &one, "ticket.created").await;
    let everything = hook(&app, &other, "*").await;
    let sent = app.http.post(&format!("{tested}/test"), json!({})).await.expect(202);
    let [posted] = &one.until(1).await[..] else { panic!() };
    assert_eq!(posted.kind(), "webhook.test");
    assert_eq!(posted.id(), format!("evt_{}", sent["event_id"]));
    let body = posted.json();
    assert_eq!(body["webhook_id"], 1);
    assert!(body["message"].is_string() && body.as_object().unwrap().len() == 2);

    let since = json!({ "since": "2020-01-01T00:00:00Z" });
    let replayed = app.http.post(&format!("{everything}/replay"), since).await.expect(202);
    assert_eq!(replayed, json!({ "deliveries": 0 }), "nor is it for anyone later");
    assert!(deliveries(&app, &everything, "").await.is_empty());
});

both!(events_of_some_time_are_sent_once_more, async |app: App| {
    let app = app.restart(pauses("1")).await;
    app.http.say("anna", "привет").await;
    app.engine.clock.advance(HOUR);
    let since = rfc3339(app.engine.clock.now());
    for who in ["boris", "vera"] {
        app.http.say(who, "привет").await;
    }
    app.engine.clock.advance(HOUR);
    let until = rfc3339(app.engine.clock.now());
    app.http.say("galina", "привет").await;

    let receiver = Receiver::start().await;
    let hook = hook(&app, &receiver, "user.created").await;
    let path = format!("{hook}/replay");
    let span = json!({ "since": since, "until": until });
    assert_eq!(app.http.post(&path, span.clone()).await.expect(202), json!({ "deliveries": 2 }));
    let first = receiver.until(2).await;
    let names: BTreeSet<_> = first.iter().map(|p| p.json()["user_id"].as_i64().unwrap()).collect();
    assert_eq!(names, BTreeSet::from([2, 3]));
    app.http.post(&path, span).await.expect(202);
    let again = receiver.until(4).await;
    let ids: BTreeSet<_> = again.iter().map(|p| p.id().to_owned()).collect();
    assert_eq!(ids.len(), 2, "the same events have the same ids");
    let open = app.http.post(&path, json!({ "since": since })).await.expect(202);
    assert_eq!(open, json!({ "deliveries": 3 }), "until now");
    for wrong in [
        json!({ "since": "yesterday" }),
        json!({ "since": since, "until": "2026-13-01T00:00:00Z" }),
        json!({ "since": until, "until": since }),
        json!({ "since": since, "until": since }),
    ] {
        app.http.post(&path, wrong).await.refused(422);
    }
    app.http.post(&path, json!({ "until": until })).await.refused(400);
});

both!(deliveries_go_with_their_webhook_and_with_their_events, async |app: App| {
    let app = app.restart(pauses("100000")).await;
    let receiver = Receiver::answering(|_| Says::Status(500, "")).await;
    let (first, second) =
        (hook(&app, &receiver, "*").await, hook(&app, &receiver, "user.created").await);
    app.http.say("anna", "привет").await;
    receiver.until(5).await;
    until(&app, &second, |hook| hook["failing_since"].is_string()).await;
    assert_eq!(app.http.delete(&first).await.status, 204);
    let stats = app.http.get("/webhooks/stats").await.expect(200);
    assert_eq!((&stats["total_webhooks"], &stats["total_deliveries"]), (&json!(1), &json!(1)));
    app.http.get(&format!("{first}/deliveries")).await.expect(404);

    app.engine.clock.advance(31 * DAY);
    housekeeping::tidy_up(&app.engine).await.unwrap();
    assert!(deliveries(&app, &second, "").await.is_empty(), "pending or not");
    let stats = app.http.get("/webhooks/stats").await.expect(200);
    assert_eq!(stats["total_deliveries"], 0);
});

both!(what_was_on_its_way_at_a_stop_is_sent_by_the_next_life, async |app: App| {
    let app = app.restart(pauses("1")).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let its = asked.clone();
    let receiver = Receiver::answering(move |_| {
        let is_first = its.fetch_add(1, Ordering::SeqCst) == 0;
        if is_first { Says::Nothing } else { Says::Status(200, "") }
    })
    .await;
    let hook = hook(&app, &receiver, "user.created").await;
    app.http.say("anna", "привет").await;
    receiver.until(1).await;
    centrium::app::finish(&app.engine, Duration::from_millis(200)).await;
    let app = App::start_on(app.database, app.folder, pauses("1")).await;
    let [done] = &until_status(&app, &hook, "success", 1).await[..] else { panic!() };
    assert_eq!(done["attempt_number"], 1, "what was cut off was no try");
    let posted = receiver.all();
    assert_eq!((posted.len(), posted[0].id()), (2, posted[1].id()));
});

both!(a_payload_of_any_size_arrives_whole, async |app: App| {
    let app = app.restart(pauses("1")).await;
    let receiver = Receiver::start().await;
    hook(&app, &receiver, "ticket.message_added").await;
    let long = "ы\u{1F600}\"\\\n".repeat(12_000);
    for i in 0..20 {
        app.http.say(&format!("customer-{i}"), &long).await;
    }
    let posted = receiver.until(40).await;
    let whole = posted.iter().filter(|p| p.json()["text"] == long.as_str()).count();
    assert_eq!(whole, 20);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_on_one_postgres_share_the_deliveries() {
    let one = App::start_with(Kind::Postgres, pauses("1")).await;
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let two = Database::shared(one.database.url());
    let two = App::start_on(two, folder, pauses("1")).await;
    let receiver = Receiver::start().await;
    let hook = hook(&one, &receiver, "*").await;
    for i in 0..100 {
        let app = if i % 2 == 0 { &one } else { &two };
        app.http.say(&format!("customer-{i}"), "привет").await;
    }
    receiver.until_ids(400).await;
    until(&one, &hook, |hook| hook["success_count"] == 400).await;
    assert_eq!(receiver.all().len(), 400, "each once, while nobody fails");
}
