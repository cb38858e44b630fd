//! The assistant answers before its message is stored: both are one commit, or the answer is thrown
//! away because the ticket changed meanwhile.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use centrium::assistant::{Assistant, AssistantError, Basis, Immediate, Language, Turn, Verdict};
use centrium::clock::Millis;
use centrium::store::{Store, Table, contacts, jobs, reserve};
use centrium::tickets::Priority;
use serde_json::json;

use crate::harness::{App, Options, both};

/// Where an assistant can be held up in the middle of a thought.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    is_closed: bool,
    is_reached: bool,
}

impl Gate {
    fn close(&self) {
        self.0.0.lock().unwrap().is_closed = true;
    }

    fn open(&self) {
        self.0.0.lock().unwrap().is_closed = false;
        self.0.1.notify_all();
    }

    async fn is_reached(&self) {
        while !self.0.0.lock().unwrap().is_reached {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn pass(&self) {
        let mut state = self.0.0.lock().unwrap();
        state.is_reached = state.is_closed;
        drop(self.0.1.wait_while(state, |state| state.is_closed).unwrap());
    }
}

/// An assistant that says how much it knows; with `at_once`, before the message is stored.
struct Knowing {
    gate: Gate,
    at_once: bool,
}

#[async_trait]
impl Assistant for Knowing {
    fn name(&self) -> &'static str {
        "knowing"
    }

    async fn answer(&self, turn: &Turn) -> Result<Verdict, AssistantError> {
        tokio::task::block_in_place(|| Ok(self.decide(turn)))
    }

    fn as_immediate(&self) -> Option<&dyn Immediate> {
        self.at_once.then_some(self)
    }
}

impl Immediate for Knowing {
    fn decide(&self, turn: &Turn) -> Verdict {
        assert!(turn.message != "panic", "for the test");
        tokio::task::block_in_place(|| self.gate.pass());
        let said: Vec<_> = turn.history.iter().map(|said| said.text.as_str()).collect();
        Verdict {
            reply: format!("{} after [{}]", turn.message, said.join(", ")),
            needs_escalation: false,
            reason: None,
            category: "other".into(),
            priority: Priority::Medium,
            department: "support".into(),
            subject: None,
            language: Language::En,
            sources: Vec::new(),
            basis: Basis::default(),
        }
    }
}

fn knowing(gate: &Gate, at_once: bool) -> Options {
    let assistant = Knowing { gate: gate.clone(), at_once };
    Options { assistant: Some(Arc::new(assistant)), ..Options::default() }
}

async fn wait_for_jobs(app: &App) {
    while jobs::any(&app.engine.store.read().await.unwrap()).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

both!(an_answer_knows_what_was_said_before_and_needs_no_job, async |app: App| {
    let app = app.restart(knowing(&Gate::default(), true)).await;
    assert_eq!(app.http.say("anna", "one").await["reply"], "one after []");
    assert_eq!(app.http.say("boris", "uno").await["reply"], "uno after []");
    assert_eq!(app.http.say("anna", "two").await["reply"], "two after [one, one after []]");
    let tx = app.engine.store.begin().await.unwrap();
    let first_job = reserve(&tx, Table::Jobs, 1).await.unwrap().next();
    assert_eq!(first_job, Some(1), "no job was ever made");
});

both!(it_reads_the_newest_messages_of_a_long_ticket_in_order, async |app: App| {
    let app = app.restart(knowing(&Gate::default(), true)).await;
    for i in 0..18 {
        app.http.say("anna", &format!("m{i}")).await;
    }
    let reply = app.http.say("anna", "last").await["reply"].as_str().unwrap().to_owned();
    let history = reply.strip_prefix("last after [").unwrap();
    assert!(history.starts_with("m3, m3 after ["), "30 messages, oldest first: {history}");
    assert!(history.contains("m17, m17 after ["), "{history}");
});

both!(a_ticket_that_changed_meanwhile_gets_its_answer_in_a_job, async |app: App| {
    let gate = Gate::default();
    let app = app.restart(knowing(&gate, true)).await;
    app.http.say("anna", "one").await;
    gate.close();
    let client = app.http.clone();
    let waiting = tokio::spawn(async move { client.say("anna", "two").await });
    gate.is_reached().await;
    let note = json!({ "text": "calls often", "note": true });
    app.http.post("/api/tickets/1/messages", note).await.expect(201);
    gate.open();
    assert_eq!(waiting.await.unwrap()["reply"], "two after [one, one after []]");
    let tx = app.engine.store.begin().await.unwrap();
    let next_job = reserve(&tx, Table::Jobs, 1).await.unwrap().next();
    assert_eq!(next_job, Some(2), "it was a job's");
});

both!(what_another_process_did_meanwhile_counts, async |app: App| {
    let gate = Gate::default();
    let app = app.restart(knowing(&gate, true)).await;
    app.http.say("anna", "one").await;
    gate.close();
    let client = app.http.clone();
    let waiting = tokio::spawn(async move { client.say("anna", "two").await });
    gate.is_reached().await;
    let other = Store::open(&app.database.url()).await.unwrap();
    let tx = other.begin().await.unwrap();
    contacts::set_blocked(&tx, 1, true, Millis::default()).await.unwrap();
    tx.commit().await.unwrap();
    gate.open();
    let answer = waiting.await.unwrap();
    assert!(!answer["reply"].as_str().unwrap().contains("after"), "blocked meanwhile: {answer}");
});

both!(an_operator_who_joins_meanwhile_gets_the_answer_as_a_draft, async |app: App| {
    for at_once in [true, false] {
        let gate = Gate::default();
        let started = App::start_with(app.database.kind(), knowing(&gate, at_once)).await;
        started.http.say("anna", "one").await;
        gate.close();
        let client = started.http.clone();
        let waiting = tokio::spawn(async move { client.say("anna", "two").await });
        gate.is_reached().await;
        let join = json!({ "operator": "Айгуль" });
        started.http.post("/api/tickets/1/join", join).await.expect(200);
        gate.open();
        let answer = waiting.await.unwrap();
        assert!(!answer["reply"].as_str().unwrap().contains("after"), "{answer}");
        wait_for_jobs(&started).await;
        let ticket = started.http.ticket(&json!(1)).await;
        let messages = ticket["messages"].as_array().unwrap();
        let mut authors: Vec<_> = messages.iter().map(|m| m["author"].as_str().unwrap()).collect();
        authors.sort_unstable();
        let expected = ["assistant", "customer", "customer", "draft", "system"];
        assert_eq!(authors, expected, "at once: {at_once}");
    }
});

both!(what_was_said_before_a_ticket_was_closed_is_another_story, async |app: App| {
    for at_once in [true, false] {
        let started =
            App::start_with(app.database.kind(), knowing(&Gate::default(), at_once)).await;
        started.http.say("anna", "one").await;
        let close = json!({ "status": "closed" });
        started.http.patch("/api/tickets/1", close).await.expect(200);
        started.engine.clock.advance(1_000);
        assert_eq!(started.http.say("anna", "two").await["reply"], "two after []");
        let third = started.http.say("anna", "three").await;
        assert_eq!(third["reply"], "three after [two, two after []]");
        assert_eq!(third["ticket_id"], 1);
    }
});

both!(a_panic_is_told_by_the_job_and_stops_nobody, async |app: App| {
    let app = app.restart(knowing(&Gate::default(), true)).await;
    let answers = tokio::join!(app.http.say("anna", "panic"), app.http.say("boris", "one"));
    assert_eq!(answers.0["needs_escalation"], true);
    assert_eq!(answers.1["reply"], "one after []");
});
