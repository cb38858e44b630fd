//! The assistant fails, is slow, or the engine stops in the middle.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use centrium::assistant::{Assistant, AssistantError, Turn, Verdict};
use centrium::engine::Engine;
use centrium::jobs::{LEASE, answer_ticket};
use centrium::store::jobs::{self, Job};
use centrium::store::names::{JobKind, JobState};
use centrium::store::{Changes, Table, reserve};
use serde_json::json;

use crate::harness::{App, Kind, Options, both};

/// An assistant that never answers in time.
struct Silent;

#[async_trait]
impl Assistant for Silent {
    fn name(&self) -> &'static str {
        "silent"
    }

    async fn answer(&self, _: &Turn) -> Result<Verdict, AssistantError> {
        std::future::pending().await
    }
}

/// An assistant that breaks.
struct Broken;

#[async_trait]
impl Assistant for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    async fn answer(&self, _: &Turn) -> Result<Verdict, AssistantError> {
        Err(AssistantError(String::from("out of order")))
    }
}

fn with(assistant: impl Assistant + 'static) -> Options {
    Options {
        assistant: Some(Arc::new(assistant)),
        config: vec![("AI_TIMEOUT_SECONDS", "1".into())],
        ..Options::default()
    }
}

both!(a_broken_assistant_ends_in_the_canned_text_and_a_call, async |app: App| {
    let app = app.restart(with(Broken)).await;
    let said = app.http.say("anna", "интернет не работает").await;
    assert_eq!(said["needs_escalation"], true);
    assert_eq!(said["status"], "in_progress");
    assert!(!said["reply"].as_str().unwrap().is_empty());
});

both!(a_slow_assistant_ends_the_same_way, async |app: App| {
    let app = app.restart(with(Silent)).await;
    let said = app.http.say("anna", "интернет не работает").await;
    assert_eq!(said["needs_escalation"], true);
});

both!(a_message_whose_answer_was_cut_off_is_answered_after_the_restart, async |app: App| {
    let slow = Options {
        assistant: Some(Arc::new(Silent)),
        config: vec![("AI_TIMEOUT_SECONDS", "30".into())],
        ..Options::default()
    };
    let app = app.restart(slow).await;
    let client = app.http.clone();
    let body = json!({ "user_identifier": "anna", "text": "не работает интернет" });
    let asked = body.clone();
    let waiting = tokio::spawn(async move { client.message_once("cut", asked).await });
    tokio::time::timeout(Duration::from_secs(10), async {
        while app.http.get("/api/tickets").await.expect(200)["items"] == json!([]) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    centrium::app::finish(&app.engine, Duration::from_millis(100)).await;
    waiting.abort();
    let app = App::start_on(app.database, app.folder, Options::default()).await;
    let answer = app.http.message_once("cut", body).await.expect(200);
    assert!(answer["reply"].as_str().unwrap().contains("роутер"), "{answer}");
    let ticket = app.http.ticket(&answer["ticket_id"]).await;
    assert_eq!(ticket["messages"].as_array().unwrap().len(), 2);
});

/// An assistant that panics.
struct Panicking;

#[async_trait]
impl Assistant for Panicking {
    fn name(&self) -> &'static str {
        "panicking"
    }

    async fn answer(&self, _: &Turn) -> Result<Verdict, AssistantError> {
        panic!("for the test")
    }
}

both!(a_panicking_assistant_ends_the_same_way, async |app: App| {
    let app = app.restart(with(Panicking)).await;
    let said = app.http.say("anna", "интернет не работает").await;
    assert_eq!(said["needs_escalation"], true);
});

/// An assistant that thinks for a while.
struct Thinking;

#[async_trait]
impl Assistant for Thinking {
    fn name(&self) -> &'static str {
        "thinking"
    }

    async fn answer(&self, _: &Turn) -> Result<Verdict, AssistantError> {
        tokio::time::sleep(Duration::from_millis(700)).await;
        Err(AssistantError(String::from("nothing came of it")))
    }
}

both!(who_waits_while_an_operator_joins_gets_a_short_word, async |app: App| {
    let app = app.restart(with(Thinking)).await;
    let client = app.http.clone();
    let body = json!({ "user_identifier": "anna", "text": "не работает интернет" });
    let asked = body.clone();
    let waiting = tokio::spawn(async move { client.message_once("join", asked).await });
    while app.http.get("/api/tickets").await.expect(200)["items"] == json!([]) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    app.http.post("/api/tickets/1/join", json!({ "operator": "Айгуль" })).await.expect(200);
    let answer = waiting.await.unwrap().expect(200);
    assert_eq!(answer["needs_escalation"], false);
    assert_eq!(app.http.message_once("join", body).await.expect(200), answer);
    let ticket = app.http.ticket(&json!(1)).await;
    assert_eq!(ticket["messages"][1]["author"], "system");
});

both!(the_assistant_adds_nothing_to_the_answer_of_an_operator_who_has_left, async |app: App| {
    let app = app.restart(with(Thinking)).await;
    for (number, end) in [(1, "leave"), (2, "close")] {
        let client = app.http.clone();
        let body = json!({ "user_identifier": end, "text": "не работает интернет" });
        let waiting = tokio::spawn(async move { client.message_once(end, body).await });
        let path = format!("/api/tickets/{number}");
        while app.http.get("/api/tickets").await.expect(200)["items"].as_array().unwrap().len()
            < number
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let post = json!({ "text": "Уже чиним", "operator": "Айгуль" });
        app.http.post(&format!("{path}/messages"), post).await.expect(201);
        if end == "leave" {
            app.http.post(&format!("{path}/leave"), json!({})).await.expect(200);
        } else {
            app.http.patch(&path, json!({ "status": "closed" })).await.expect(200);
        }
        assert_eq!(waiting.await.unwrap().expect(200)["needs_escalation"], false, "{end}");
        let ticket = app.http.ticket(&json!(number)).await;
        let messages = ticket["messages"].as_array().unwrap().iter();
        let authors: Vec<_> = messages.map(|message| message["author"].as_str().unwrap()).collect();
        assert_eq!(authors, ["customer", "operator", "system"], "{end}");
        assert_eq!(ticket["needs_escalation"], false, "{end}");
    }
});

both!(an_operator_who_leaves_in_the_middle_leaves_no_job_behind, async |app: App| {
    let app = app.restart(with(Thinking)).await;
    app.http.say("anna", "не работает интернет").await;
    app.http.post("/api/tickets/1/join", json!({ "operator": "Айгуль" })).await.expect(200);
    app.http.say("anna", "роутер перезагрузил").await;
    app.http.post("/api/tickets/1/leave", json!({})).await.expect(200);
    while jobs::any(&app.engine.store.read().await.unwrap()).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ticket = app.http.ticket(&json!(1)).await;
    assert_eq!(ticket["messages"].as_array().unwrap().len(), 4);
});

both!(a_turn_whose_message_is_missing_fails_alone, async |app: App| {
    let said = app.http.say("anna", "не работает интернет").await;
    let engine = &app.engine;
    let turns = hold_turns(engine, &[999_999, said["message_id"].as_i64().unwrap()]).await;
    answer_ticket::run(engine, turns).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let conn = &engine.store.read().await.unwrap();
            let left = jobs::list(conn, None, 10).await.unwrap();
            if let [only] = left.as_slice() {
                assert_eq!((only.subject_id, only.state), (999_999, JobState::Buried));
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
});

/// Turns of these messages that this engine holds, and nothing of it works on.
async fn hold_turns(engine: &Engine, messages: &[i64]) -> Vec<Job> {
    let now = engine.clock.now();
    let tx = engine.store.begin().await.unwrap();
    let ids = reserve(&tx, Table::Jobs, messages.len()).await.unwrap();
    let jobs: Vec<Job> = ids
        .zip(messages)
        .map(|(id, message)| Job::new(id, JobKind::AnswerTicket, *message, now, now))
        .map(|job| job.leased(&engine.node, now + LEASE))
        .collect();
    let changes = Changes { jobs: jobs.clone(), ..Changes::default() };
    changes.write(&tx).await.unwrap();
    tx.commit().await.unwrap();
    jobs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_of_a_copied_folder_is_another_and_the_next_life_of_the_first_is_not() {
    let one = App::start(Kind::Postgres).await;
    let said = one.http.say("anna", "не работает интернет").await;
    let copy = Arc::new(tempfile::tempdir().unwrap());
    std::fs::copy(one.folder.path().join("node"), copy.path().join("node")).unwrap();
    let two = crate::harness::Database::shared(one.database.url());
    let two = App::start_on(two, copy, Options::default()).await;
    assert_ne!(one.engine.node, two.engine.node);

    let held = hold_turns(&one.engine, &[said["message_id"].as_i64().unwrap()]).await;
    centrium::app::finish(&two.engine, Duration::from_secs(5)).await;
    let conn = &mut one.engine.store.read().await.unwrap();
    let jobs = jobs::list(conn, None, 10).await.unwrap();
    assert_eq!(jobs[0].lease_owner, held[0].lease_owner, "the copy gives back only its own");

    // The first one's next life, without a word from the life before.
    let App { database, folder, .. } = one;
    let next = App::start_on(database, folder, Options::default()).await;
    tokio::time::timeout(Duration::from_secs(10), async {
        while jobs::any(&next.engine.store.read().await.unwrap()).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("taken back at once, not after the lease");
}
