//! Other systems are told of events, until they have taken them.

mod expired;
mod large;
mod leases;
mod troubled;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use centrium::clock::{DAY, HOUR, rfc3339};
use centrium::jobs::housekeeping;
use serde_json::{Value, json};

use crate::harness::{App, Options, Receiver, Says, both};

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
