//! What `/healthz` asks of the database.

use centrium::app;
use reqwest::Method;
use tokio::net::TcpListener;

use super::recorder;
use crate::harness::{Client, Database, Kind, Options, build};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healthz_looks_at_no_job_on_sqlite() {
    look_at_no_job(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healthz_looks_at_no_job_on_postgres() {
    look_at_no_job(Kind::Postgres).await;
}

/// Of jobs, a hundred thousand may wait.
async fn look_at_no_job(kind: Kind) {
    recorder::listen();
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create(kind, folder.path()).await;
    // Nothing runs in it that would ask for jobs by itself.
    let engine = build(&database, &folder, Options::default()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let http = Client::new(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move { app::serve(&engine, listener, std::future::pending()).await });

    recorder::take();
    let healthy = http.send(http.plain(Method::GET, "/healthz")).await;
    assert_eq!(healthy.status, 200);
    let statements = recorder::take();
    assert!(statements.iter().any(|sql| sql.contains("settings")), "it writes: {statements:#?}");
    assert!(!statements.iter().any(|sql| sql.contains("jobs")), "{statements:#?}");
}
