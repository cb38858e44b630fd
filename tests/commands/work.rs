//! `healthcheck`, `migrate`, `jobs`, `webhooks` and `bench`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::harness::{Kind, Place, Receiver, Says};

/// How soon an engine has done a few jobs, in a debug build on a busy machine.
const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_healthcheck_says_whether_an_engine_works() {
    let place = Place::new(Kind::Sqlite).await;
    let sentence = place.run(&["healthcheck"]).await.refused();
    assert!(sentence.contains("No engine answers on 127.0.0.1:"), "{sentence}");
    let engine = place.start().await;
    assert_eq!(place.run(&["healthcheck"]).await.ok(), "ok\n");
    engine.terminate().await;
    place.run(&["healthcheck"]).await.refused();
}

#[tokio::test]
async fn migrate_brings_an_empty_database_up_to_date_once() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let place = Place::new(kind).await;
        let first = place.run(&["migrate"]).await.ok();
        assert!(first.starts_with("migrated "), "{first}");
        assert_eq!(place.run(&["migrate"]).await.ok(), "The database is up to date.\n");
        let engine = place.start().await;
        engine.http.say("anna", "не работает интернет").await;
        engine.terminate().await;
    }
}

#[tokio::test]
async fn jobs_are_listed_and_tried_again() {
    let place = Place::new(Kind::Sqlite).await;
    assert_eq!(place.run(&["jobs", "list"]).await.ok(), "No failed jobs.\n");
    assert_eq!(place.run(&["jobs", "list", "--all"]).await.ok(), "No jobs.\n");
    assert_eq!(place.run(&["jobs", "retry"]).await.ok(), "0 jobs will be tried again.\n");
    let sentence = place.run(&["jobs", "retry", "17"]).await.refused();
    assert!(sentence.contains("Job 17 is not a failed job"), "{sentence}");
}

#[tokio::test]
async fn webhooks_are_listed_and_what_failed_is_tried_again() {
    let mut place = Place::new(Kind::Sqlite).await;
    assert_eq!(place.run(&["webhooks", "list"]).await.ok(), "No webhooks.\n");
    let refused = place.run(&["webhooks", "deliveries", "1"]).await.refused();
    assert!(refused.ends_with("There is no webhook 1."), "{refused}");

    let works = Arc::new(AtomicBool::new(false));
    let its = works.clone();
    let receiver = Receiver::answering(move |_| {
        Says::Status(if its.load(Ordering::SeqCst) { 200 } else { 500 }, "")
    })
    .await;
    place.set("WEBHOOK_ALLOW_PRIVATE", true).set("WEBHOOK_RETRY_SECONDS", 0);
    let engine = place.start().await;
    let hook = json!({ "name": "Billing", "url": receiver.url, "event_type": "user.created" });
    engine.http.post("/webhooks", hook).await.expect(201);
    assert_eq!(place.run(&["webhooks", "deliveries", "1"]).await.ok(), "No deliveries.\n");
    engine.http.say("anna", "привет").await;
    let list = async |part: &str| {
        tokio::time::timeout(SOON, async {
            loop {
                let listed = place.run(&["webhooks", "list"]).await.ok();
                if listed.contains(part) {
                    return listed;
                }
            }
        })
        .await
        .unwrap_or_else(|_| panic!("no \"{part}\""))
    };
    let listed = list("1 failed").await;
    let begin = "1 \"Billing\" user.created is on: 0 arrived, 1 failed, failing since 20";
    assert!(listed.starts_with(begin), "{listed}");
    let failed = place.run(&["webhooks", "deliveries", "1", "--status", "failed"]).await.ok();
    assert!(failed.starts_with("1 user.created failed tries 2 since 20"), "{failed}");
    assert!(failed.ends_with(": The endpoint answered 500.\n"), "{failed}");

    let again = place.run(&["webhooks", "retry", "1"]).await.ok();
    assert_eq!(again, "1 deliveries will be tried again.\n", "once, though it fails again");
    list("1 failed").await;
    let off = json!({ "is_active": false });
    engine.http.patch("/webhooks/1", off).await.expect(200);
    let refused = place.run(&["webhooks", "retry", "1"]).await.refused();
    assert!(refused.contains("switched off"), "{refused}");
    engine.http.patch("/webhooks/1", json!({ "is_active": true })).await.expect(200);

    works.store(true, Ordering::SeqCst);
    let again = place.run(&["webhooks", "retry", "1"]).await.ok();
    assert_eq!(again, "1 deliveries will be tried again.\n");
    assert!(list("1 arrived").await.contains("0 failed\n"));
    let refused = place.run(&["webhooks", "retry", "1", "1"]).await.refused();
    assert!(refused.contains("has succeeded"), "{refused}");
    engine.terminate().await;
}

#[tokio::test]
async fn a_database_is_filled_once_from_each_seed() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let place = Place::new(kind).await;
        let filled = place.run(&["bench", "seed", "--tickets", "20"]).await.ok();
        assert_eq!(filled, "20 tickets were added.\n");
        let twice = place.run(&["bench", "seed", "--tickets", "30"]).await.refused();
        let sentence =
            "The database holds the data of seed 1 already. Name another one with --seed.";
        assert_eq!(twice, format!("centrium: {sentence}\n").trim());
        place.run(&["bench", "seed", "--tickets", "20", "--seed", "2"]).await.ok();
    }
}

#[tokio::test]
async fn seeded_jobs_are_worked_off_by_the_next_engine() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let place = Place::new(kind).await;
        let seed = ["bench", "seed", "--tickets", "20", "--jobs"];
        let sentence = place.run(&[&seed[..], &["21"]].concat()).await.refused();
        assert!(sentence.contains("--jobs can't be more than --tickets"), "{sentence}");
        place.run(&[&seed[..], &["12"]].concat()).await.ok();
        let waiting = place.run(&["jobs", "list", "--all"]).await.ok();
        assert_eq!(waiting.lines().filter(|line| line.contains("answer_ticket")).count(), 12);
        let engine = place.start().await;
        let finished = async {
            while place.run(&["jobs", "list", "--all"]).await.ok() != "No jobs.\n" {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(SOON, finished).await.expect("the jobs end within 30 s");
        engine.terminate().await;
    }
}
