//! `healthcheck`, `migrate`, `jobs` and `bench`.

use std::time::Duration;

use crate::harness::{Kind, Place};

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
