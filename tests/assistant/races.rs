//! An answer in the making, and a newer message or an operator who comes meanwhile: no answer is
//! given twice, and none that is stale.

use std::sync::Arc;
use std::time::Duration;

use centrium::store::messages::{self, Message};
use centrium::tickets::Author;
use centrium_channels::testing::ScriptedChannel;
use centrium_channels::{ChannelKind, Sender};
use rand::RngExt;
use serde_json::json;

use super::provider::{Act, Provider, say};
use super::{QUESTION, asking, until_no_job_is_left};
use crate::harness::{App, Kind, Options, message};

/// Races that are run at the same time.
const TOGETHER: usize = 50;
/// The longest thought, and the latest disturbance, in milliseconds.
const THOUGHT: u64 = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_stale_or_given_twice_on_sqlite() {
    race(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_stale_or_given_twice_on_postgres() {
    race(Kind::Postgres).await;
}

async fn race(kind: Kind) {
    let provider = Provider::start(|_, _| {
        let thought = Duration::from_millis(rand::rng().random_range(0..THOUGHT));
        Act::Late(thought, Box::new(say("Смените пароль.")))
    })
    .await;
    let channel = ScriptedChannel::new(ChannelKind::Telegram);
    let config = asking(&provider, 10);
    let options = Options { channels: vec![channel.clone()], config, ..Options::default() };
    let app = Arc::new(App::start_with(kind, options).await);
    // Both databases together make the number.
    let races = crate::crash::short_or_long(100, 5_000);
    for round in 0..races / TOGETHER {
        let began = (0..TOGETHER).map(|i| {
            let (app, who) = (app.clone(), format!("chat-{round}-{i}"));
            tokio::spawn(async move { disturb(&app, &who, i % 2 == 0).await })
        });
        let tickets = futures_util::future::join_all(began).await;
        until_no_job_is_left(&app).await;
        for ticket in tickets {
            let (id, joins) = ticket.unwrap();
            let conn = app.engine.store.read().await.unwrap();
            settle(&messages::newest(&conn, id, None, 100).await.unwrap(), joins);
        }
    }
    let mut keys: Vec<String> = channel.sent().into_iter().map(|out| out.key).collect();
    let sent = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), sent, "each was sent once");
}

/// A message, and in the middle of its turn a second one, or an operator's.
async fn disturb(app: &App, who: &str, joins: bool) -> (i64, bool) {
    let id = write(app, who, QUESTION).await;
    let pause = rand::rng().random_range(0..THOUGHT);
    tokio::time::sleep(Duration::from_millis(pause)).await;
    if joins {
        let words = json!({ "text": "Слушаю вас.", "operator": "Айгуль" });
        app.http.post(&format!("/api/tickets/{id}/messages"), words).await.expect(201);
    } else {
        write(app, who, "и ещё: где адрес роутера?").await;
    }
    (id, joins)
}

async fn write(app: &App, who: &str, text: &str) -> i64 {
    let sender = Sender { identifier: who.into(), ..Sender::default() };
    let arrived = message(ChannelKind::Telegram, sender, text);
    app.engine.ingest.accept(arrived).await.unwrap().ticket_id
}

/// The ids of a ticket's messages grow in the order in which they were committed.
fn settle(said: &[Message], joins: bool) {
    let of = |author| said.iter().filter(move |m| m.author == author);
    let joined = of(Author::Operator).map(|m| m.id).next().unwrap_or(i64::MAX);
    let mut answered: Vec<i64> = Vec::new();
    for answer in of(Author::Assistant) {
        let to = answer.in_reply_to.unwrap();
        assert!(answer.id < joined, "answered after an operator had come: {said:#?}");
        let overtaken = of(Author::Customer).any(|m| m.id > to && m.id < answer.id);
        assert!(!overtaken, "answered after a newer message: {said:#?}");
        assert!(!answered.contains(&to), "answered twice: {said:#?}");
        answered.push(to);
    }
    if joins {
        let drafts = of(Author::Draft).count();
        assert_eq!(answered.len() + drafts, 1, "one outcome: {said:#?}");
    } else {
        let last = of(Author::Customer).map(|m| m.id).max().unwrap();
        assert!(answered.contains(&last), "the last word has its answer: {said:#?}");
    }
}
