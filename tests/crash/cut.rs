//! A scripted workload is cut off after every single store operation. The engine then starts
//! again on what is there, the senders repeat what was not acknowledged to them, and the end must
//! be the same as if nothing had happened.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use centrium::assistant::{Assistant, AssistantError, Turn, Verdict};
use centrium::engine::Engine;
use centrium::jobs::{answer_ticket, deliver_reply, worker};
use centrium::store::names::JobKind;
use centrium::store::{contacts, deliveries, events, jobs, messages, tickets};
use centrium::tickets::{Status, change, reply};
use centrium::webhooks;
use centrium_channels::testing::ScriptedChannel;
use centrium_channels::{ChannelKind, Idempotency, Incoming, KeyId, Receipt, Sender};
use tempfile::TempDir;

use crate::harness::{Database, Kind, Options, build, message};

/// What one step of the script came to; `Err` when the store was cut off.
type Step = Result<(), String>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_every_store_operation_on_sqlite() {
    cut_everywhere(Kind::Sqlite, None).await;
}

/// As with an assistant that asks a model: the message is stored first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_every_store_operation_with_answers_in_jobs() {
    let (database, folder) = (Kind::Sqlite, tempfile::tempdir().unwrap());
    let database = Database::create(database, folder.path()).await;
    let builtin = build(&database, &folder, Options::default()).await.assistant.clone();
    cut_everywhere(Kind::Sqlite, Some(Arc::new(InJobs(builtin)))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_every_store_operation_on_postgres() {
    cut_everywhere(Kind::Postgres, None).await;
}

async fn cut_everywhere(kind: Kind, assistant: Option<Arc<dyn Assistant>>) {
    let mut world = World::new(kind, assistant).await;
    let engine = world.engine().await;
    engine.store.cut().after(u64::MAX);
    Script::default().run(&engine).await.unwrap();
    let operations = engine.store.cut().count();
    let expected = world.state(&engine).await;
    drop(engine);
    assert!(operations > 60, "the script does too little: {operations}");

    for cut in 0..operations {
        world = world.empty().await;
        let mut script = Script::default();
        let engine = world.engine().await;
        engine.store.cut().after(cut);
        assert!(script.run(&engine).await.is_err(), "cut {cut} was not noticed");
        drop(engine);

        let engine = world.engine().await;
        worker::recover(&engine).await.unwrap();
        script.run(&engine).await.unwrap_or_else(|e| panic!("after cut {cut}: {e}"));
        assert_eq!(world.state(&engine).await, expected, "after cut {cut} of {operations}");
    }
}

/// A database, a folder, and the outside: what stays when an engine dies.
struct World {
    database: Database,
    folder: TempDir,
    telegram: Arc<ScriptedChannel>,
    assistant: Option<Arc<dyn Assistant>>,
}

/// Another assistant, but never at once.
struct InJobs(Arc<dyn Assistant>);

#[async_trait]
impl Assistant for InJobs {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    async fn answer(&self, turn: &Turn) -> Result<Verdict, AssistantError> {
        self.0.answer(turn).await
    }
}

impl World {
    async fn new(kind: Kind, assistant: Option<Arc<dyn Assistant>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::create(kind, folder.path()).await;
        let telegram = ScriptedChannel::new(ChannelKind::Telegram);
        Self { database, folder, telegram, assistant }
    }

    /// The same, with nothing in it.
    async fn empty(self) -> Self {
        let telegram = ScriptedChannel::new(ChannelKind::Telegram);
        let database = self.database.empty(self.folder.path()).await;
        Self { database, telegram, ..self }
    }

    /// An engine whose jobs run only when the script says so.
    async fn engine(&self) -> Engine {
        let channels: Vec<Arc<dyn centrium_channels::Channel>> = vec![self.telegram.clone()];
        let assistant = self.assistant.clone();
        let config = vec![("WEBHOOK_ALLOW_PRIVATE", "true".into())];
        let options = Options { channels, assistant, config, ..Options::default() };
        let engine = build(&self.database, &self.folder, options).await;
        let conn = engine.store.read().await.unwrap();
        if centrium::store::webhooks::count(&conn).await.unwrap() == 0 {
            drop(conn);
            let hook = webhooks::Draft {
                name: "all".into(),
                url: "http://127.0.0.1:9/".into(),
                event_type: webhooks::EVERYTHING.into(),
                ..webhooks::Draft::default()
            };
            webhooks::create(&engine, hook).await.unwrap();
        }
        engine
    }

    /// Everything that is stored or was sent, in words, without ids and times.
    async fn state(&self, engine: &Engine) -> Vec<String> {
        let conn = engine.store.read().await.unwrap();
        let mut lines = Vec::new();
        let all = tickets::list(&conn, &tickets::Filter::default(), 100).await.unwrap();
        for ticket in all {
            let name = ticket.external_id.clone().unwrap_or_default();
            lines.push(format!(
                "ticket {name} {} {} escalated {} by {:?}",
                ticket.status, ticket.priority, ticket.needs_escalation, ticket.operator
            ));
            for (i, message) in
                messages::newest(&conn, ticket.id, None, 100).await.unwrap().iter().enumerate()
            {
                lines.push(format!(
                    "message {name} {i} {} {:?} {}",
                    message.author, message.delivery_state, message.text
                ));
            }
            for (i, event) in events::of_ticket(&conn, ticket.id).await.unwrap().iter().enumerate()
            {
                lines.push(format!("event {name} {i} {}", event.kind));
            }
        }
        for contact in contacts::search(&conn, None, None, 100).await.unwrap() {
            lines.push(format!("contact {}", contact.search_text));
        }
        for (delivery, event, _) in deliveries::list(&conn, 1, None, 1_000, 0).await.unwrap() {
            lines.push(format!("delivery {} {}", event.unwrap(), delivery.status));
        }
        for job in jobs::list(&conn, None, 100).await.unwrap() {
            lines.push(format!("job {} {}", job.kind, job.state));
        }
        let mut keys: Vec<_> = self.telegram.sent().into_iter().map(|out| out.text).collect();
        keys.sort();
        keys.dedup();
        lines.extend(keys.into_iter().map(|text| format!("sent {text}")));
        lines.sort();
        lines
    }
}

/// What the outside does, and how far it has come: a step that was acknowledged is not repeated.
#[derive(Default)]
struct Script {
    done: usize,
    crm: Option<Receipt>,
}

impl Script {
    async fn run(&mut self, engine: &Engine) -> Step {
        // What an earlier life left is finished first, as a start does.
        run_jobs(engine).await?;
        while self.done < 8 {
            self.step(engine).await?;
            self.done += 1;
        }
        run_jobs(engine).await
    }

    async fn step(&mut self, engine: &Engine) -> Step {
        match self.done {
            0 => {
                let taken = accept(engine, crm("key-1", "anna", "не работает интернет")).await?;
                self.crm = Some(taken);
                run_jobs(engine).await
            }
            // The same again: the CRM has not seen the answer.
            1 => accept(engine, crm("key-1", "anna", "не работает интернет")).await.map(drop),
            2 => {
                accept(engine, crm("key-2", "boris", "соедините с оператором")).await?;
                run_jobs(engine).await
            }
            3 => {
                accept(engine, telegram("42:1", "где посмотреть баланс")).await?;
                run_jobs(engine).await?;
                run_jobs(engine).await
            }
            4 => {
                let post = reply::Post {
                    text: "Слушаю вас".into(),
                    operator: Some("Айгуль".into()),
                    key: Some("post-1".into()),
                    ..reply::Post::default()
                };
                let ticket = self.crm.unwrap().ticket_id;
                reply::post(engine, ticket, post).await.map(drop).map_err(|e| e.to_string())
            }
            5 => {
                let close =
                    change::Change { status: Some(Status::Closed), ..change::Change::default() };
                let ticket = self.crm.unwrap().ticket_id;
                change::change(engine, ticket, close).await.map(drop).map_err(|e| e.to_string())
            }
            6 => accept(engine, crm("key-3", "anna", "спасибо")).await.map(drop),
            _ => {
                accept(engine, crm("key-4", "anna", "опять не работает интернет")).await?;
                run_jobs(engine).await
            }
        }
    }
}

async fn accept(engine: &Engine, message: Incoming) -> Result<Receipt, String> {
    engine.ingest.accept(message).await.map_err(|e| e.to_string())
}

/// Runs every job that is leased here or due, until none is left or the store is cut off.
async fn run_jobs(engine: &Engine) -> Step {
    loop {
        let mut work = engine.local.drain().await;
        if work.is_empty() {
            let tx = engine.store.begin().await.map_err(|e| e.to_string())?;
            let now = engine.clock.now();
            work = jobs::claim(&tx, &engine.node, now, now + 60_000, 10)
                .await
                .map_err(|e| e.to_string())?;
            tx.commit().await.map_err(|e| e.to_string())?;
        }
        if work.is_empty() {
            return Ok(());
        }
        for job in work {
            match job.kind {
                JobKind::AnswerTicket => {
                    answer_ticket::run(engine, vec![job]).await.map_err(|e| e.to_string())?;
                    // The turn runs as a task of its own. Cut off, it would wait for better times.
                    while !engine.tracker.is_empty() && !engine.store.cut().is_cut() {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
                JobKind::DeliverReply => {
                    // Cut off, it would wait for better times.
                    tokio::select! {
                        ran = deliver_reply::run(engine, &job) => ran.map_err(|e| e.to_string())?,
                        () = until_cut(engine) => {}
                    }
                }
            }
        }
    }
}

async fn until_cut(engine: &Engine) {
    while !engine.store.cut().is_cut() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn crm(key: &str, who: &str, text: &str) -> Incoming {
    let sender = Sender { identifier: who.into(), ..Sender::default() };
    Incoming {
        conversation: Some(format!("crm-{who}")),
        idempotency: Some(Idempotency {
            caller: KeyId::new("crm"),
            key: key.into(),
            request: key.into(),
        }),
        awaits_reply: true,
        ..message(ChannelKind::Api, sender, text)
    }
}

fn telegram(id: &str, text: &str) -> Incoming {
    Incoming {
        channel: ChannelKind::Telegram,
        external_id: Some(id.into()),
        idempotency: None,
        awaits_reply: false,
        ..crm("", "42", text)
    }
}
