//! `healthcheck`, `migrate` and `jobs`.

use crate::harness::{Kind, Place};

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
