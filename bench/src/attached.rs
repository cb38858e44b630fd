//! What a message waits for while live clients and webhooks are told of it, beside an engine that
//! nobody listens to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant as Timer, sleep, sleep_until, timeout};

use crate::asker::Asker;
use crate::database::{self, Database};
use crate::deliveries::receiver::Receiver;
use crate::live::{crowd::Crowd, publish_one, timed::Delays};
use crate::program::API_TOKEN;
use crate::report::{self, Table, median, met};
use crate::server::{Kind, Server};
use crate::{Result, tell};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// On which database
    #[arg(value_enum)]
    database: database::Kind,
    /// Live clients
    #[arg(long, default_value_t = 1_000)]
    clients: usize,
    /// Webhooks that want everything
    #[arg(long, default_value_t = 2)]
    webhooks: usize,
    /// Messages a second
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rate: u32,
    /// Seconds of each run
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// Rounds, of which the medians are told
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Tell the figures and leave docs/PERFORMANCE.md alone
    #[arg(long)]
    dry: bool,
}

/// p99 beside that of an engine which nobody listens to.
const GOAL: f64 = 2.0;
/// Milliseconds that an event may be late.
const LATE: f64 = 1_000.0;
/// The pause between two events that tell when they were sent.
const TIMED: Duration = Duration::from_millis(100);
/// How long the last events may be on their way.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);

/// Milliseconds of one run: of messages in the middle and of the slowest in a hundred, and of the
/// slowest event.
type Figures = [f64; 3];

/// Runs all of it, and writes the section of docs/PERFORMANCE.md.
///
/// # Errors
/// When a message is not taken, or an event does not arrive.
pub async fn run(options: &Options) -> Result<()> {
    let mut rounds: BTreeMap<bool, Vec<Figures>> = BTreeMap::new();
    for round in 0..options.rounds {
        for is_followed in [false, true] {
            let figures = measure(options, is_followed).await?;
            tell(&format!("round {round}, followed {is_followed}: {figures:.1?} ms"));
            rounds.entry(is_followed).or_default().push(figures);
        }
    }
    let title = format!("Messages while others listen, {}", options.database.name());
    let intro = format!(
        "Milliseconds from a message's request to its stored answer: medians of {} runs, the rows taking \
         turns, each on an empty database. {} messages a second come in over the external API for {} s, \
         each at its time, whatever became of those before; ten events a second are published beside \
         them, and tell when they were sent. Every event must reach every client and every webhook.",
        options.rounds, options.rate, options.seconds
    );
    report::publish(options.dry, &title, &intro, &[tabulate(options, &rounds)])
}

async fn measure(options: &Options, is_followed: bool) -> Result<Figures> {
    let database = Database::create(options.database).await?;
    let server = Server::start(Kind::Engine, &database).await?;
    let followers = match is_followed {
        true => Some(Followers::gather(&server.base, options).await?),
        false => None,
    };
    let delays = followers.as_ref().map_or_else(Delays::new, |all| all.crowd.delays().clone());
    let is_over = Timer::now() + Duration::from_secs(options.seconds.into());
    let (base, its_delays) = (server.base.clone(), delays.clone());
    let events = tokio::spawn(async move {
        let mut asker = Asker::new(&base);
        while Timer::now() < is_over {
            publish_one(&mut asker, &its_delays).await?;
            sleep(TIMED).await;
        }
        Ok::<_, String>(())
    });
    let mut times = send(options, &server.base).await?;
    events.await.map_err(|e| e.to_string())??;
    if let Some(followers) = &followers {
        followers.wait_for_all(&server.base).await?;
    }
    drop(followers);
    server.stop().await;
    database.remove().await?;
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or(f64::NAN);
    Ok([at(50), at(99), delays.take().into_iter().fold(0.0, f64::max)])
}

/// Sends messages, each of another customer at its time, and gives the milliseconds of each.
async fn send(options: &Options, base: &str) -> Result<Vec<f64>> {
    let askers = Arc::new(Mutex::new(Vec::new()));
    let (began, pause) = (Timer::now(), Duration::from_secs(1) / options.rate);
    let mut under_way = JoinSet::new();
    for i in 0..options.rate * options.seconds {
        sleep_until(began + pause * i).await;
        let (askers, base) = (askers.clone(), base.to_owned());
        under_way.spawn(async move {
            let began = Instant::now();
            let free = askers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut asker = free.unwrap_or_else(|| Asker::new(&base));
            let text = "The pages open slowly since this morning, what could I look at?";
            let answer = asker.say(&format!("customer-{i}"), text).await;
            let answer = answer.map_err(|e| e.to_string())?;
            askers.lock().unwrap_or_else(PoisonError::into_inner).push(asker);
            let took = began.elapsed().as_secs_f64() * 1e3;
            if answer.status == 200 { Ok(took) } else { Err(answer.text()) }
        });
    }
    under_way.join_all().await.into_iter().collect()
}

/// Live clients and webhooks that want everything.
struct Followers {
    crowd: Crowd,
    receivers: Vec<Receiver>,
}

impl Followers {
    async fn gather(base: &str, options: &Options) -> Result<Self> {
        let mut receivers = Vec::new();
        for _ in 0..options.webhooks {
            let receiver = Receiver::start().await?;
            let hook = json!({ "name": "all", "url": receiver.url, "event_type": "*" }).to_string();
            let key = format!("Authorization: Bearer {API_TOKEN}");
            let made = Asker::new(base).ask("POST", "/webhooks", &key, &hook).await;
            let made = made.map_err(|e| e.to_string())?;
            if made.status != 201 {
                return Err(made.text());
            }
            receivers.push(receiver);
        }
        Ok(Self { crowd: Crowd::gather(base, options.clients).await?, receivers })
    }

    /// Waits until every event has reached everyone. There are as many as the first webhook has
    /// deliveries.
    async fn wait_for_all(&self, base: &str) -> Result<()> {
        let answer = Asker::new(base).get("/webhooks/1/deliveries?limit=1").await;
        let answer: Value =
            serde_json::from_slice(&answer.map_err(|e| e.to_string())?.body).unwrap_or_default();
        let events = answer["total"].as_u64().ok_or("deliveries can't be counted")?;
        self.crowd.until_seen(events).await?;
        let all_told = async {
            while self.receivers.iter().any(|receiver| receiver.taken() < events) {
                sleep(LOOK).await;
            }
        };
        let told = timeout(PATIENCE, all_told).await;
        told.map_err(|_| "not every event was posted to every webhook".to_owned())
    }
}

fn tabulate(options: &Options, rounds: &BTreeMap<bool, Vec<Figures>>) -> Table {
    let head =
        ["who listens", "median", "p99", "times", "goal", "met", "latest event", "goal", "met"];
    let mut table = Table::new("From a message to its stored answer", &head);
    let alone = rounds.get(&false).map_or(&[][..], Vec::as_slice);
    for (is_followed, figures) in rounds {
        let of = |at: usize| median(figures.iter().map(|figures| figures[at]));
        let times = median(figures.iter().zip(alone).map(|(own, alone)| own[1] / alone[1]));
        let mut row = vec!["nobody".to_owned(), format!("{:.2}", of(0)), format!("{:.2}", of(1))];
        if *is_followed {
            row[0] = format!("{} clients and {} webhooks", options.clients, options.webhooks);
            let latest = figures.iter().map(|figures| figures[2]).fold(0.0, f64::max);
            let goals = [
                format!("{times:.1}"),
                format!("≤ {GOAL}"),
                met(times <= GOAL),
                format!("{latest:.0}"),
                format!("≤ {LATE}"),
                met(latest <= LATE),
            ];
            row.extend(goals);
        } else {
            row.extend(std::iter::repeat_n(String::new(), 6));
        }
        table.row(row);
    }
    table
}
