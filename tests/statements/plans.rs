//! No hot statement reads a whole table, or sorts one: each has an index that leads to its rows.

use std::time::Duration;

use centrium::clock::DAY;
use centrium::jobs::housekeeping;
use serde_json::json;

use super::recorder;
use crate::flows::search::many;
use crate::harness::{App, Options, Receiver, both};

/// What grows with the number of tickets.
const LARGE: [&str; 11] = [
    "contacts",
    "contact_identities",
    "tickets",
    "messages",
    "attachments",
    "events",
    "webhook_deliveries",
    "decisions",
    "idempotency_keys",
    "ticket_search",
    "contact_search",
];

both!(no_hot_statement_scans, async |app: App| {
    recorder::listen();
    let config = vec![("WEBHOOK_ALLOW_PRIVATE", "true".into())];
    let app = app.restart(Options { config, ..Options::default() }).await;
    recorder::take();
    use_webhooks(&app).await;
    use_everything(&app).await;
    let mut statements = recorder::take();
    statements.retain(|sql| is_a_query(sql));
    statements.sort();
    statements.dedup();
    assert!(statements.len() > 20, "too few to mean anything: {statements:#?}");
    assert!(statements.iter().any(|sql| asks_the_index(sql)), "{statements:#?}");

    let mut wrong = Vec::new();
    for sql in statements {
        for line in app.database.explain(&sql).await {
            if LARGE.iter().any(|table| scans(&line, table)) {
                wrong.push(format!("{line}\n    in {sql}"));
            }
        }
    }
    let kind = app.database.kind();
    assert!(wrong.is_empty(), "{kind:?} reads whole tables:\n{}", wrong.join("\n"));
});

both!(a_word_that_most_hold_is_found_without_the_index, async |app: App| {
    recorder::listen();
    let app = app.restart(Options::default()).await;
    many(&app).await;
    recorder::take();
    let encoded = "%D0%BE%D0%B1%D0%BB%D0%B0%D0%BA%D0%BE";
    let found = app.http.get(&format!("/api/tickets?q={encoded}")).await.expect(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 50);
    let statements = recorder::take();
    assert!(!statements.iter().any(|sql| asks_the_index(sql)), "{statements:#?}");
});

/// Tickets of which a search for a word that none of the newest holds asks the index.
const MORE_THAN_A_LOOK: usize = 70;

/// Whether it looks for all tickets that hold some words.
fn asks_the_index(sql: &str) -> bool {
    sql.contains("IN (SELECT rowid FROM ticket_search WHERE ticket_search MATCH")
        || sql.contains("FROM ticket_search WHERE document @@")
}

/// What callers, operators and customers do all day.
async fn use_everything(app: &App) {
    let http = &app.http;
    for i in 0..MORE_THAN_A_LOOK {
        http.say(&format!("customer-{i}"), "привет").await;
    }
    let said = http.say("anna", "не работает интернет").await;
    http.say("anna", "роутер перезагрузил").await;
    let body = json!({
        "user_identifier": "boris", "text": "соедините с оператором", "external_id": "chat-7",
    });
    http.message_once("key-1", body.clone()).await.expect(200);
    http.message_once("key-1", body).await.expect(200);
    let filters = [
        "",
        "status=new",
        "channel=api",
        "priority=high",
        "category=internet",
        "operator=Дана",
        "escalated=true",
        "escalated=false",
        "q=интернет",
        "q=nothing",
    ];
    for filter in filters {
        let list = http.get(&format!("/api/tickets?{filter}")).await.expect(200);
        if let Some(cursor) = list["next"].as_str() {
            http.get(&format!("/api/tickets?{filter}&after={cursor}")).await.expect(200);
        }
    }
    http.ticket(&said["ticket_id"]).await;
    http.get("/api/tickets/1/decisions?before=1000").await.expect(200);
    http.get("/api/contacts/1").await.expect(200);
    for query in ["", "?q=nna", "?q=nna&after=OS45", "?q=customer%2010"] {
        http.get(&format!("/api/contacts{query}")).await.expect(200);
    }
    let post = json!({ "text": "Слушаю вас", "operator": "Дана" });
    http.post("/api/tickets/1/messages", post).await.expect(201);
    http.post("/api/tickets/1/leave", json!({})).await.expect(200);
    let close = json!({ "status": "closed" });
    http.patch("/api/tickets/1", close).await.expect(200);
    http.say("anna", "опять не работает").await;
    app.engine.clock.advance(365 * DAY);
    housekeeping::tidy_up(&app.engine).await.unwrap();
}

/// Another system is told of what follows, and its operator looks how it goes.
async fn use_webhooks(app: &App) {
    let receiver = Receiver::start().await;
    let http = &app.http;
    for kind in ["*", "user.created"] {
        let hook = json!({ "name": "a", "url": receiver.url, "event_type": kind });
        http.post("/webhooks", hook).await.expect(201);
    }
    http.say("zoya", "привет").await;
    receiver.until(5).await;
    while http.get("/webhooks/2").await.expect(200)["success_count"] == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for filter in ["", "status=pending", "status=success", "status=failed"] {
        http.get(&format!("/webhooks/1/deliveries?{filter}")).await.expect(200);
    }
    http.get("/webhooks/stats").await.expect(200);
    let since = json!({ "since": "2020-01-01T00:00:00Z" });
    http.post("/webhooks/1/replay", since.clone()).await.expect(202);
    http.post("/webhooks/2/replay", since).await.expect(202);
    http.post("/webhooks/1/test", json!({})).await.expect(202);
    http.post("/webhooks/2/deliveries/1/retry", json!({})).await.expect(404);
    assert_eq!(http.delete("/webhooks/1").await.status, 204);
}

fn is_a_query(sql: &str) -> bool {
    ["SELECT", "UPDATE", "DELETE", "WITH"].iter().any(|verb| sql.starts_with(verb))
}

/// SQLite: `SCAN tickets`, and not `SCAN tickets USING INDEX` in the order that is asked for, nor
/// `SCAN ticket_search VIRTUAL TABLE INDEX 0:M1`, which is what matches.
/// PostgreSQL, told to avoid it where it can: `Seq Scan on tickets`.
fn scans(line: &str, table: &str) -> bool {
    let line = line.trim();
    let whole = line.strip_prefix(&format!("SCAN {table}"));
    whole.is_some_and(|how| {
        how.is_empty() || how.starts_with(" VIRTUAL TABLE") && !how.contains(":M")
    }) || line.contains(&format!("Seq Scan on {table} "))
        || line.ends_with(&format!("Seq Scan on {table}"))
}
