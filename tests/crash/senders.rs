//! Other systems that post their customers' messages as fast as they can, and do not give up:
//! each sends the same request with the same key until it is told 200.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::harness::{Answer, Client, EXTERNAL_KEY};
use centrium::clock::{Clock, Millis};

/// How long a sender goes on trying before the test has failed.
const PATIENCE: Duration = Duration::from_secs(120);
/// Senders that share their regular customers, and so write to the same tickets at once.
const SHARING: usize = 4;
/// Messages that one sender writes into a conversation before it begins the next.
const CONVERSATION: usize = 4;

/// One request that was acknowledged.
#[derive(Clone, Debug)]
pub struct Sent {
    pub key: String,
    pub body: Value,
    /// What the 200 said.
    pub answer: Value,
    /// When the try began that was answered.
    pub asked: Millis,
    pub tries: usize,
}

impl Sent {
    /// The text, which no other request has.
    pub fn text(&self) -> &str {
        self.body["text"].as_str().unwrap()
    }

    /// Whose ticket this belongs to.
    pub fn conversation(&self) -> String {
        let named = self.body["external_id"].as_str().or(self.body["user_identifier"].as_str());
        named.unwrap().to_owned()
    }
}

/// What has happened so far.
#[derive(Debug, Default)]
pub struct Counts {
    /// Answered 200.
    pub acknowledged: AtomicUsize,
    /// Answered 503.
    pub refused: AtomicUsize,
    /// Not answered.
    pub broken: AtomicUsize,
}

impl Counts {
    /// Waits until one of these figures has grown by so many.
    pub async fn more(&self, figure: impl Fn(&Self) -> &AtomicUsize, many: usize) {
        let goal = figure(self).load(Ordering::Relaxed) + many;
        let grown = async {
            while figure(self).load(Ordering::Relaxed) < goal {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, grown).await.expect("the senders get on");
    }
}

/// Running senders.
pub struct Senders {
    pub counts: Arc<Counts>,
    tasks: JoinSet<Vec<Sent>>,
    stop: CancellationToken,
}

impl Senders {
    /// Starts so many, each with a connection of its own.
    pub fn start(http: &Client, many: usize) -> Self {
        let counts = Arc::new(Counts::default());
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for sender in 0..many {
            tasks.spawn(send(http.clone(), sender, counts.clone(), stop.clone()));
        }
        Self { counts, tasks, stop }
    }

    /// Lets each get its last answer, and hands over what all were told.
    pub async fn finish(self) -> Vec<Sent> {
        self.stop.cancel();
        self.tasks.join_all().await.into_iter().flatten().collect()
    }
}

async fn send(
    http: Client,
    sender: usize,
    counts: Arc<Counts>,
    stop: CancellationToken,
) -> Vec<Sent> {
    let mut sent = Vec::new();
    while !stop.is_cancelled() {
        let number = sent.len();
        let key = format!("request-{sender}-{number}");
        let body = request(sender, number);
        let insisting = insist(&http, key, body, &counts);
        sent.push(tokio::time::timeout(PATIENCE, insisting).await.expect("an answer in time"));
    }
    sent
}

/// A third are new customers, a third write again, a third come from a CRM's conversation.
fn request(sender: usize, number: usize) -> Value {
    let text = format!("Не работает интернет, обращение {sender}-{number}.");
    let (desk, chapter) = (sender % SHARING, number / 3 / CONVERSATION);
    match number % 3 {
        0 => json!({ "user_identifier": format!("new-{sender}-{number}"), "text": text }),
        1 => json!({ "user_identifier": format!("regular-{desk}-{chapter}"), "text": text }),
        _ => json!({
            "user_identifier": format!("crm-user-{sender}"),
            "external_id": format!("crm-{desk}-{chapter}"),
            "text": text,
        }),
    }
}

async fn insist(http: &Client, key: String, body: Value, counts: &Counts) -> Sent {
    for tries in 1.. {
        let asked = Clock::default().now();
        match post(http, &key, &body).await {
            Ok(answer) if answer.status == 503 => {
                answer.refused(503);
                counts.refused.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) => {
                let answer = answer.expect(200);
                counts.acknowledged.fetch_add(1, Ordering::Relaxed);
                return Sent { key, body, answer, asked, tries };
            }
            Err(_) => {
                counts.broken.fetch_add(1, Ordering::Relaxed);
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("a sender tries for ever")
}

/// Posts a message; an error when no whole answer came.
pub async fn post(http: &Client, key: &str, body: &Value) -> reqwest::Result<Answer> {
    let request = http.plain(Method::POST, "/tickets/api/external/message/");
    let request = request.header("X-API-Key", EXTERNAL_KEY).header("Idempotency-Key", key);
    let response = request.json(body).send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
}
