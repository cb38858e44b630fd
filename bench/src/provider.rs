//! From a message's arrival to its commit, while the provider of the model answers, and while it
//! takes every question and says nothing: the assistant may not be in the way of messages.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::routing::post;
use axum::{Json, Router};
use centrium::app::{self, Choices};
use centrium::config::Config;
use centrium::engine::Engine;
use centrium_channels::{Channel, ChannelKind, Delivery, Health, Incoming, Outgoing, Sender, Sent};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant as Timer, sleep, sleep_until};

use crate::database::{self, Database};
use crate::report::{self, Table, median, met, percent};
use crate::{Result, tell};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// On which database
    #[arg(value_enum)]
    database: database::Kind,
    /// Messages a second
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    rate: u32,
    /// Seconds of each run
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// Rounds, of which the medians are told
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Tell the figures and leave docs/PERFORMANCE.md alone
    #[arg(long)]
    dry: bool,
}

/// What a message may take, beside one whose provider answers.
const GOAL: f64 = 1.10;
/// How long the provider that answers thinks.
const THOUGHT: Duration = Duration::from_millis(300);

/// What the provider does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Provider {
    Answers,
    /// Takes each question, and says nothing until the engine gives up.
    IsSilent,
    /// The same, where the engine gives up after a second, and so leaves it alone soon.
    IsLeftAlone,
}

const PROVIDERS: [Provider; 3] = [Provider::Answers, Provider::IsSilent, Provider::IsLeftAlone];

/// Milliseconds of one run: in the middle, and of the slowest in ten and in a hundred.
type Figures = [f64; 3];

/// Runs all of it, and writes the section of docs/PERFORMANCE.md.
///
/// # Errors
/// When a message is not taken.
pub async fn run(options: &Options) -> Result<()> {
    let mut rounds: BTreeMap<Provider, Vec<Figures>> = BTreeMap::new();
    for round in 0..options.rounds {
        for provider in PROVIDERS {
            tell(&format!("round {round}: the provider {provider:?}"));
            rounds.entry(provider).or_default().push(measure(options, provider).await?);
        }
    }
    let title = format!("Provider, {}", options.database.name());
    let intro = format!(
        "Milliseconds from a message's arrival to its commit, with a model as the assistant: medians \
         of {} runs, the rows taking turns, each on an empty database. {} messages a second come in \
         for {} s, each at its time, whatever became of those before, by a channel that waits for no \
         answer. \"beside\" is the ratio to the provider that answers, in the same rounds.",
        options.rounds, options.rate, options.seconds
    );
    report::publish(options.dry, &title, &intro, &[tabulate(&rounds)])
}

async fn measure(options: &Options, provider: Provider) -> Result<Figures> {
    let database = Database::create(options.database).await?;
    let engine = engine(&database, provider).await?;
    let began = Timer::now();
    let mut under_way = JoinSet::new();
    let pause = Duration::from_secs(1) / options.rate;
    for i in 0..options.rate * options.seconds {
        sleep_until(began + pause * i).await;
        let its = engine.clone();
        under_way.spawn(async move {
            let began = Instant::now();
            let accepted = its.ingest.accept(message(i)).await;
            accepted.map(|_| began.elapsed().as_secs_f64() * 1e3).map_err(|e| e.to_string())
        });
    }
    let times: Result<Vec<f64>> = under_way.join_all().await.into_iter().collect();
    engine.stop.cancel();
    // Whoever still asks the provider is not waited for.
    drop(engine);
    sleep(Duration::from_millis(200)).await;
    database.remove().await?;
    let mut times = times?;
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or(f64::NAN);
    Ok([at(50), at(90), at(99)])
}

async fn engine(database: &Database, provider: Provider) -> Result<Engine> {
    let base = listen(provider).await?;
    let limit = if provider == Provider::IsLeftAlone { "1" } else { "20" };
    let folder = database.folder().display().to_string();
    let options = [
        ("DATABASE_URL", database.url.as_str()),
        ("DATA_DIR", &folder),
        ("OPENAI_BASE_URL", &base),
        ("AI_TIMEOUT_SECONDS", limit),
        ("ASSISTANT_QUIET_MS", "0"),
    ];
    let options = options.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::from_layers(None, [], options).map_err(|e| e.to_string())?;
    let mut choices = Choices::of(&config).map_err(|e| e.to_string())?;
    choices.channels.push(Arc::new(Sink));
    let (engine, _) = app::build_with(config, choices).await.map_err(|e| e.to_string())?;
    app::start(&engine).await.map_err(|e| e.to_string())?;
    Ok(engine)
}

/// The address of a provider of this process's own.
async fn listen(provider: Provider) -> Result<String> {
    let complete = async move || {
        if provider != Provider::Answers {
            std::future::pending::<()>().await;
        }
        sleep(THOUGHT).await;
        Json(completion())
    };
    let routes = Router::new().route("/v1/chat/completions", post(complete));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(|e| e.to_string())?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(format!("http://{address}/v1"))
}

fn completion() -> Value {
    let answer = json!({
        "reply": "Please restart the router.", "needs_escalation": false, "reason": null,
        "category": "internet", "priority": "medium", "department": "technical",
        "subject": "Internet", "language": "en", "sources": [],
    });
    json!({
        "choices": [{ "message": { "content": answer.to_string() }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 1_000, "completion_tokens": 50 },
    })
}

fn message(i: u32) -> Incoming {
    Incoming {
        channel: ChannelKind::Telegram,
        sender: Sender { identifier: format!("chat-{i}"), ..Sender::default() },
        external_id: Some(format!("chat-{i}:1")),
        conversation: None,
        subject: None,
        text: "The pages open slowly since this morning, what could I look at?".to_owned(),
        attachments: Vec::new(),
        metadata: Value::Null,
        idempotency: None,
        awaits_reply: false,
        machine: None,
        edits: None,
    }
}

/// A channel that takes every answer.
struct Sink;

#[async_trait]
impl Channel for Sink {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Telegram
    }

    fn delivery(&self) -> Delivery {
        Delivery::Push
    }

    async fn send(&self, _: &Outgoing) -> centrium_channels::Result<Sent> {
        Ok(Sent { external_id: None })
    }

    async fn health(&self) -> Health {
        Health::Ok
    }
}

fn tabulate(rounds: &BTreeMap<Provider, Vec<Figures>>) -> Table {
    let head = ["the provider", "median", "beside", "goal", "met", "p90", "p99", "p99 beside"];
    let mut table = Table::new("From arrival to commit", &head);
    let normal = rounds.get(&Provider::Answers).map_or(&[][..], Vec::as_slice);
    for (provider, figures) in rounds {
        let beside = |at: usize| median(figures.iter().zip(normal).map(|(f, n)| f[at] / n[at]));
        let name = match provider {
            Provider::Answers => "answers after 0.3 s",
            Provider::IsSilent => "says nothing for 20 s",
            Provider::IsLeftAlone => "says nothing for 1 s, and is then left alone",
        };
        let is_normal = *provider == Provider::Answers;
        let shown = |text: String| if is_normal { "-".to_owned() } else { text };
        table.row(vec![
            name.to_owned(),
            format!("{:.2}", median(figures.iter().map(|f| f[0]))),
            shown(percent(beside(0))),
            shown(format!("≤ {}", percent(GOAL))),
            shown(met(beside(0) <= GOAL)),
            format!("{:.1}", median(figures.iter().map(|f| f[1]))),
            format!("{:.1}", median(figures.iter().map(|f| f[2]))),
            shown(percent(beside(2))),
        ]);
    }
    table
}
