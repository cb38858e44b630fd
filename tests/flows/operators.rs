//! People take over.

use serde_json::{Value, json};

use crate::harness::{App, Kind, both};

async fn authors(app: &App, ticket: &Value) -> Vec<String> {
    let ticket = app.http.ticket(ticket).await;
    let messages = ticket["messages"].as_array().unwrap().clone();
    messages.iter().map(|m| m["author"].as_str().unwrap().to_owned()).collect()
}

both!(once_an_operator_has_joined_the_assistant_only_drafts, async |app: App| {
    let said = app.http.say("anna", "интернет не работает").await;
    let id = &said["ticket_id"];
    let path = format!("/api/tickets/{id}");
    app.http.post(&format!("{path}/join"), json!({ "operator": "Айгуль" })).await.expect(200);
    let ticket = app.http.ticket(id).await;
    assert_eq!(ticket["operator"], "Айгуль");
    assert_eq!(ticket["status"], "in_progress");

    let next = app.http.say("anna", "роутер перезагрузил").await;
    assert_eq!(next["needs_escalation"], false);
    wait_for(&app, id, "draft").await;
    let seen = authors(&app, id).await;
    assert_eq!(seen, ["customer", "assistant", "customer", "system", "draft"]);

    app.http.post(&format!("{path}/leave"), json!({})).await.expect(200);
    app.http.say("anna", "где посмотреть баланс").await;
    assert_eq!(authors(&app, id).await.last().unwrap(), "assistant");
});

both!(who_alone_had_joined_gives_the_ticket_back_to_the_assistant, async |app: App| {
    let said = app.http.say("anna", "интернет не работает").await;
    let id = &said["ticket_id"];
    let path = format!("/api/tickets/{id}");
    app.http.patch(&path, json!({ "operator": "Айгуль" })).await.expect(200);
    let daniyar = json!({ "operator": "Данияр" });
    app.http.post(&format!("{path}/join"), daniyar.clone()).await.expect(200);
    app.http.say("anna", "роутер перезагрузил").await;
    assert_ne!(authors(&app, id).await.last().unwrap(), "assistant");
    wait_for(&app, id, "draft").await;

    let left = app.http.post(&format!("{path}/leave"), daniyar).await.expect(200);
    assert_eq!(left["operator"], "Айгуль", "it stays hers");
    app.http.say("anna", "где посмотреть баланс").await;
    assert_eq!(authors(&app, id).await.last().unwrap(), "assistant");
});

both!(an_operators_message_reopens_and_takes_the_ticket, async |app: App| {
    let said = app.http.say("anna", "интернет не работает").await;
    let id = &said["ticket_id"];
    let path = format!("/api/tickets/{id}");
    app.http.patch(&path, json!({ "status": "closed" })).await.expect(200);
    let messages = format!("{path}/messages");
    let first =
        app.http.post(&messages, json!({ "text": "Здравствуйте", "operator": "Айгуль" })).await;
    assert_eq!(first.expect(201)["author"], "operator");
    app.http.post(&messages, json!({ "text": "И я", "operator": "Данияр" })).await.expect(201);
    let ticket = app.http.ticket(id).await;
    assert_eq!(ticket["status"], "in_progress");
    assert_eq!(ticket["operator"], "Айгуль", "the second operator does not take it over");
});

both!(a_blocked_contact_is_heard_by_nobody, async |app: App| {
    let said = app.http.say("anna", "интернет не работает").await;
    let ticket = app.http.ticket(&said["ticket_id"]).await;
    let contact = &ticket["contact"]["id"];
    app.http.post(&format!("/api/contacts/{contact}/block"), json!({})).await.expect(200);
    assert_eq!(app.http.ticket(&said["ticket_id"]).await["status"], "closed");
    let before = events(&app).await;
    let after = app.http.say("anna", "соедините с оператором").await;
    assert_eq!(after["status"], "closed");
    assert_eq!(after["needs_escalation"], false);
    assert_eq!(events(&app).await, before, "nobody is told");
    app.http.post(&format!("/api/contacts/{contact}/unblock"), json!({})).await.expect(200);
    let again = app.http.say("anna", "интернет не работает").await;
    assert_eq!(again["status"], "in_progress");
});

both!(every_step_is_an_event, async |app: App| {
    let said = app.http.say("anna", "соедините с оператором").await;
    let path = format!("/api/tickets/{}", said["ticket_id"]);
    app.http
        .post(&format!("{path}/messages"), json!({ "text": "тайна", "note": true }))
        .await
        .expect(201);
    app.http.post(&format!("{path}/messages"), json!({ "text": "Слушаю" })).await.expect(201);
    app.http.patch(&path, json!({ "status": "closed" })).await.expect(200);
    let id = said["ticket_id"].as_i64().unwrap();
    let conn = app.engine.store.read().await.unwrap();
    let log = centrium::store::events::of_ticket(&conn, id).await.unwrap();
    let kinds: Vec<_> = log.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "ticket.created",
            "ticket.message_added",
            "ticket.escalated",
            "ticket.status_changed",
            "ticket.message_added",
            "ticket.assigned",
            "ticket.message_added",
            "ticket.status_changed",
        ]
    );
    assert!(log.iter().all(|event| !event.payload.as_str().contains("тайна")));
});

async fn events(app: &App) -> usize {
    let conn = app.engine.store.read().await.unwrap();
    let mut count = 0;
    for id in 1..=10 {
        count += centrium::store::events::of_ticket(&conn, id).await.unwrap().len();
    }
    count
}

async fn wait_for(app: &App, ticket: &Value, author: &str) {
    for _ in 0..200 {
        if authors(app, ticket).await.iter().any(|a| a == author) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no message by {author}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_that_someone_holds_is_waited_for_only_once() {
    let app = App::start(Kind::Postgres).await;
    let said = app.http.say("anna", "интернет не работает").await;
    let held = app.database.hold_ticket(said["ticket_id"].as_i64().unwrap()).await;
    let path = format!("/api/tickets/{}", said["ticket_id"]);
    let began = std::time::Instant::now();
    let change = json!({ "priority": "high" });
    app.http.patch(&path, change.clone()).await.refused(503);
    assert!(began.elapsed() < std::time::Duration::from_secs(8), "{:?}", began.elapsed());
    drop(held);
    app.http.patch(&path, change).await.expect(200);
}
