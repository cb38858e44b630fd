//! SIGKILL between Telegram's call and the answer: every acknowledged message is there once, and
//! every customer is answered.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use centrium_channels::testing::telegram::FakeTelegram;
use rand::RngExt;
use serde_json::Value;

use super::short_or_long;
use crate::harness::bot::config;
use crate::harness::{Client, Kind, Place};

/// How long Telegram goes on calling for one update.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bot_loses_nothing_on_sqlite() {
    survive(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bot_loses_nothing_on_postgres() {
    survive(Kind::Postgres).await;
}

async fn survive(kind: Kind) {
    let fake = FakeTelegram::start().await;
    let mut place = Place::new(kind).await;
    for (name, value) in config(&fake) {
        place.set(name, value);
    }
    place.set("ASSISTANT_QUIET_MS", 0);
    let kills = short_or_long(3_i64, 30);
    let (http, customers) = (place.http(), 10 * kills);
    let mut process = place.start().await;
    for life in 0..kills {
        let updates: Vec<_> =
            (0..10).map(|i| fake.says(1_000 + life * 10 + i, "интернет не работает")).collect();
        let calls = tokio::spawn({
            let http = http.clone();
            async move {
                let calls = updates.iter().map(|update| call_until_taken(&http, update));
                futures_util::future::join_all(calls).await;
            }
        });
        let moment = rand::rng().random_range(0..500);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        process.kill().await;
        process = place.start().await;
        calls.await.unwrap();
    }
    let answers = until_all_are_answered(&fake, customers).await;
    let tickets = http.get("/api/tickets?channel=telegram&limit=200").await.expect(200);
    for ticket in tickets["items"].as_array().unwrap() {
        let ticket = http.ticket(&ticket["id"]).await;
        let messages = ticket["messages"].as_array().unwrap();
        let by = |author: &str| messages.iter().filter(|m| m["author"] == author).count();
        assert_eq!((by("customer"), by("assistant")), (1, 1), "{ticket}");
    }
    let doubles: usize = answers.values().map(|count| count - 1).sum();
    eprintln!("{kind:?}, {kills} kills, {customers} customers, {doubles} answers sent twice");
    // At each kill at most the ten of its life can be on their way.
    let most = usize::try_from(customers).unwrap();
    assert!(doubles <= most, "{doubles} doubles");
    process.terminate().await;
}

/// As Telegram does: again, until it is told that the update is taken.
async fn call_until_taken(http: &Client, update: &Value) {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let request = http.plain(reqwest::Method::POST, "/tickets/api/telegram/webhook/");
        let request = request
            .header("X-Telegram-Bot-Api-Secret-Token", crate::harness::bot::SECRET)
            .json(update);
        if request.send().await.is_ok_and(|answer| answer.status() == 200) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not taken within {PATIENCE:?}: {update}");
}

/// How often each customer was answered, once all were.
async fn until_all_are_answered(fake: &FakeTelegram, customers: i64) -> BTreeMap<i64, usize> {
    let began = Instant::now();
    loop {
        let mut answers = BTreeMap::new();
        for sent in fake.sent() {
            *answers.entry(sent.chat).or_default() += 1;
        }
        if answers.len() == usize::try_from(customers).unwrap() {
            return answers;
        }
        assert!(began.elapsed() < PATIENCE, "only {} of {customers}", answers.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
