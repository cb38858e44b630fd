//! Every turn leaves a record of what was decided, until it is old.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use centrium::assistant::{
    Assistant, AssistantError, Basis, Language, ModelUse, Passage, Turn, Verdict,
};
use centrium::clock::DAY;
use centrium::jobs::{LEASE, answer_ticket, housekeeping};
use centrium::store::jobs::{self, Job};
use centrium::store::names::JobKind;
use centrium::store::{Changes, Table, reserve};
use centrium::tickets::Priority;
use serde_json::{Value, json};

use crate::harness::{App, Options, both};

/// An assistant that gives its grounds, and fails where it is asked to.
struct Grounded;

#[async_trait]
impl Assistant for Grounded {
    fn name(&self) -> &'static str {
        "grounded"
    }

    async fn answer(&self, turn: &Turn) -> Result<Verdict, AssistantError> {
        if turn.message == "fail" {
            return Err(AssistantError(String::from("as asked")));
        }
        Ok(Verdict {
            reply: String::from("Please restart the router."),
            needs_escalation: false,
            reason: None,
            category: String::from("internet"),
            priority: Priority::Medium,
            department: String::from("technical"),
            subject: None,
            language: Language::En,
            sources: vec![String::from("internet-restart")],
            basis: Basis {
                rule: None,
                likelihood: Some(0.25),
                passages: vec![Passage { article: String::from("internet-restart"), score: 8.5 }],
                model: Some(ModelUse {
                    name: String::from("small"),
                    prompt: String::from("0123456789ab"),
                    tokens_in: 812,
                    tokens_out: 64,
                    cost: Some(0.25),
                    tries: 1,
                }),
                failure: None,
            },
        })
    }
}

both!(a_turn_tells_what_was_seen_and_decided, async |app: App| {
    let assistant: Option<Arc<dyn Assistant>> = Some(Arc::new(Grounded));
    let app = app.restart(Options { assistant, ..Options::default() }).await;
    let said = app.http.say("anna", "The internet is gone").await;
    let failed = app.http.say("anna", "fail").await;
    let decisions = app.http.decisions(&said["ticket_id"]).await;
    let [first, second] = decisions.as_slice() else { panic!("{decisions:#?}") };

    assert_eq!(first["message_id"], said["message_id"]);
    assert_eq!(first["reply_id"], said["reply_id"]);
    assert_eq!((&first["outcome"], &first["stale"]), (&json!("posted"), &Value::Null));
    assert_eq!(first["assistant"], "grounded");
    assert_eq!(first["category"], "internet");
    assert_eq!(first["sources"], json!(["internet-restart"]));
    let basis = json!({
        "rule": null,
        "likelihood": 0.25,
        "passages": [{ "article": "internet-restart", "score": 8.5 }],
        "model": {
            "name": "small", "prompt": "0123456789ab", "tokens_in": 812, "tokens_out": 64, "cost": 0.25,
            "tries": 1,
        },
        "failure": null,
    });
    assert_eq!(first["basis"], basis);
    assert!(first["latency_ms"].is_u64() && first["created_at"].is_string(), "{first}");

    assert_eq!(second["message_id"], failed["message_id"]);
    assert_eq!((&second["outcome"], &second["needs_escalation"]), (&json!("canned"), &json!(true)));
    assert_eq!(second["ticket_status"], "in_progress");
    let before = format!("{}/decisions?before={}", said["ticket_id"], failed["message_id"]);
    let list = app.http.get(&format!("/api/tickets/{before}")).await.expect(200);
    assert_eq!(list["items"], json!([first]));
});

both!(the_rule_that_called_a_human_is_named, async |app: App| {
    let said = app.http.say("anna", "соедините с оператором").await;
    let decisions = app.http.decisions(&said["ticket_id"]).await;
    assert!(decisions[0]["basis"]["rule"].is_string(), "{decisions:#?}");
    assert!(decisions[0]["reason"].is_string(), "{decisions:#?}");
});

both!(a_draft_leaves_a_record_beside_the_short_word, async |app: App| {
    let said = app.http.say("anna", "интернет не работает").await;
    let id = &said["ticket_id"];
    app.http.post(&format!("/api/tickets/{id}/join"), json!({})).await.expect(200);
    let next = app.http.say("anna", "роутер перезагрузил").await;
    no_jobs(&app).await;
    let decisions = app.http.decisions(id).await;
    let of_next: Vec<_> = decisions[1..].iter().map(|d| &d["message_id"]).collect();
    assert_eq!(of_next, [&next["message_id"]; 2]);
    let told = |i: usize| ["outcome", "stale", "assistant", "reply_id"].map(|k| &decisions[i][k]);
    assert_eq!(
        told(1),
        [&json!("acknowledged"), &json!(null), &json!("engine"), &next["reply_id"]]
    );
    let stale = json!("operator_joined");
    assert_eq!(told(2), [&json!("draft"), &stale, &json!("builtin"), &json!(null)]);
});

both!(decisions_of_no_ticket_are_not_found, async |app: App| {
    app.http.get("/api/tickets/17/decisions").await.refused(404);
    app.http.get("/api/tickets/x/decisions").await.refused(404);
    app.http.say("anna", "интернет не работает").await;
    app.http.get("/api/tickets/1/decisions?before=x").await.refused(400);
});

both!(old_decisions_go_and_their_messages_stay_answered, async |app: App| {
    let anna = app.http.say("anna", "не работает интернет").await;
    let boris = app.http.say("boris", "не работает интернет").await;
    let turn = hold_turn(&app, &anna["message_id"]).await;
    app.engine.clock.advance(89 * DAY);
    housekeeping::tidy_up(&app.engine).await.unwrap();
    assert_eq!(app.http.decisions(&boris["ticket_id"]).await.len(), 1, "not old yet");
    app.engine.clock.advance(2 * DAY);
    housekeeping::tidy_up(&app.engine).await.unwrap();
    assert_eq!(app.http.decisions(&boris["ticket_id"]).await.len(), 0);
    assert_eq!(app.http.decisions(&anna["ticket_id"]).await.len(), 1, "its turn may still come");

    answer_ticket::run(&app.engine, vec![turn]).await.unwrap();
    no_jobs(&app).await;
    let ticket = app.http.ticket(&anna["ticket_id"]).await;
    assert_eq!(ticket["messages"].as_array().unwrap().len(), 2, "one question and one answer");
    let decisions = app.http.decisions(&anna["ticket_id"]).await;
    assert_eq!(decisions[1]["stale"], "already_answered");
    housekeeping::tidy_up(&app.engine).await.unwrap();
    assert_eq!(app.http.decisions(&anna["ticket_id"]).await.len(), 1, "the old one is gone");
});

/// A turn of this message that the engine holds, and nothing of it works on.
async fn hold_turn(app: &App, message: &Value) -> Job {
    let (now, engine) = (app.engine.clock.now(), &app.engine);
    let tx = engine.store.begin().await.unwrap();
    let id = reserve(&tx, Table::Jobs, 1).await.unwrap().next().unwrap();
    let message = message.as_i64().unwrap();
    let job = Job::new(id, JobKind::AnswerTicket, message, now - 1, now - 1);
    let job = job.leased(&engine.node, now + 365 * DAY + LEASE);
    Changes { jobs: vec![job.clone()], ..Changes::default() }.write(&tx).await.unwrap();
    tx.commit().await.unwrap();
    job
}

async fn no_jobs(app: &App) {
    let ended = async {
        while jobs::any(&app.engine.store.read().await.unwrap()).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.expect("every job ends");
}
