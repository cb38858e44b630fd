//! What the company writes down is what its customers are told.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::harness::{App, Database, Kind, Options, both};

const QUESTION: &str = "What is my balance?";

async fn write_down(app: &App, body: &str) {
    let article = json!({
        "id": "balance", "language": "en", "category": "billing", "title": "Balance",
        "questions": ["what is my balance"], "body": body,
    });
    app.http.post("/api/knowledge", article).await.expect(201);
}

both!(the_next_answer_knows_a_new_article, async |app: App| {
    let before = app.http.say("anna", QUESTION).await;
    assert!(before["reply"].as_str().unwrap().contains("first page"), "{before}");
    write_down(&app, "Ask the oracle.").await;
    assert_eq!(app.http.say("boris", QUESTION).await["reply"], "Ask the oracle.");

    let app = app.restart(Options::default()).await;
    assert_eq!(app.http.say("clara", QUESTION).await["reply"], "Ask the oracle.");
    let change = json!({ "body": "Ask the new oracle." });
    app.http.patch("/api/knowledge/balance/en", change).await.expect(200);
    assert_eq!(app.http.say("dora", QUESTION).await["reply"], "Ask the new oracle.");
    app.http.delete("/api/knowledge/balance/en").await.expect(204);
    assert_eq!(app.http.say("emil", QUESTION).await["reply"], before["reply"]);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_engine_on_the_same_database_knows_it_soon() {
    let one = App::start(Kind::Postgres).await;
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let shared = Database::shared(one.database.url());
    let two = App::start_on(shared, folder, Options::default()).await;
    write_down(&one, "Ask the oracle.").await;
    knows(&two, "anna", true).await;
    one.http.delete("/api/knowledge/balance/en").await.expect(204);
    knows(&two, "boris", false).await;
}

/// Asks as one customer after the other until the answer is, or is not, the new one.
async fn knows(app: &App, who: &str, is_new: bool) {
    let asking = async {
        for i in 0.. {
            let said = app.http.say(&format!("{who}-{i}"), QUESTION).await;
            if (said["reply"] == "Ask the oracle.") == is_new {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await.expect("it is followed");
}
