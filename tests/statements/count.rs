//! Statements a message, at most: a guard against a query per row that slips in.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;

use super::recorder;
use crate::harness::{App, Client, both};

/// Messages that wait for each other.
const TOGETHER: usize = 200;

both!(a_full_set_runs_few, async |app: App| {
    let app = recorder::listen_to(app).await;
    let kind = app.database.kind();
    app.http.say("anna", "не работает интернет").await;
    for round in ["new customers", "returning customers"] {
        let statements = send_together(&app).await;
        let each = statements.len() as f64 / TOGETHER as f64;
        eprintln!("{kind:?}, {round}: {each:.2} statements a message");
        assert!(each <= 0.5, "{kind:?}, {round}: {each:.2}, of which {:#?}", most(&statements));
    }
});

/// While something else holds the database, messages gather: one has been taken by the writer, the
/// others wait behind it.
async fn send_together(app: &App) -> Vec<String> {
    let hold = app.database.hold_writers(&app.engine.store).await;
    recorder::take();
    let http = app.http.clone();
    let first = tokio::spawn(async move { say(http, 0).await });
    until(|| recorder::take().iter().any(|sql| sql.contains("contact_identities"))).await;
    let rest = (1..TOGETHER).map(|i| say(app.http.clone(), i)).collect::<Vec<_>>();
    let rest = tokio::spawn(join_all(rest));
    until(|| app.engine.writer.waiting() == TOGETHER - 1).await;
    drop(hold);
    first.await.unwrap();
    rest.await.unwrap();
    let statements = recorder::take();
    statements.into_iter().filter(|sql| !is_of_another_task(sql)).collect()
}

async fn say(http: Client, customer: usize) {
    http.say(&format!("customer-{customer}"), "не работает интернет").await;
}

async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// No message here needs a job, so jobs and the index are looked at by the clock alone.
fn is_of_another_task(sql: &str) -> bool {
    [
        "jobs",
        "ticket_search",
        "contact_search",
        "indexed_version` <",
        "indexed_version\" <",
        "seen.column2",
        "substr(text",
    ]
    .iter()
    .any(|of| sql.contains(of))
}

/// The statements that were run most often.
fn most(statements: &[String]) -> Vec<(usize, &str)> {
    let mut counts = BTreeMap::new();
    for sql in statements {
        *counts.entry(sql.get(..120).unwrap_or(sql)).or_insert(0) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().map(|(sql, count)| (count, sql)).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    counts
}
