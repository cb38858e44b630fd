//! Live clients: what each holds while nothing happens, and how fast events reach all of them,
//! beside a bare broadcast over axum's WebSockets.

pub mod bare;
pub mod crowd;
pub mod timed;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::asker::Asker;
use crate::database::{self, Database};
use crate::program::API_TOKEN;
use crate::report::{self, Table, median, met, percent};
use crate::server::{Kind, Server};
use crate::{Result, tell};
use crowd::Crowd;
use timed::Delays;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// On which database
    #[arg(value_enum)]
    database: database::Kind,
    /// Clients at a time
    #[arg(long, default_values_t = [100, 1_000, 10_000])]
    clients: Vec<usize>,
    /// Rounds, of which the medians are told
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of events in each
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Tell the figures and leave docs/PERFORMANCE.md alone
    #[arg(long)]
    dry: bool,
}

const KINDS: [Kind; 2] = [Kind::BareLive, Kind::Engine];
/// Callers that publish at the same time.
const PUBLISHERS: usize = 64;
/// Events that may be on their way to the crowd.
const AHEAD: u64 = 256;
/// Until new connections have settled down.
const REST: Duration = Duration::from_secs(2);

/// What one run came to.
#[derive(Clone, Copy)]
struct Figures {
    /// Frames that reached a client, a second.
    rate: f64,
    /// Events a second.
    events: f64,
    /// Microseconds of the server's processor time for a frame.
    cpu: f64,
    /// kB of memory that a client is, before and after the events.
    idle: f64,
    after: f64,
    /// Events a second at which this was measured, and the ms in which 99 % of them arrived.
    pace: f64,
    p99: f64,
}

/// Runs all of it, and writes the section of docs/PERFORMANCE.md.
///
/// # Errors
/// When a server does not start, or a client is cut off.
pub async fn run(options: &Options) -> Result<()> {
    let head = ["server", "deliveries a second", "of the limit", "goal", "met", "events a second"];
    let more = ["CPU µs a delivery", "kB a client, idle", "after", "goal", "met"];
    let paced = ["paced events a second", "p99 ms", "times", "goal", "met"];
    let mut tables = Vec::new();
    for clients in &options.clients {
        let mut runs = KINDS.map(|_| Vec::new());
        for round in 0..options.rounds {
            // The bare server's, which is the first.
            let mut pace = None;
            for (kind, runs) in KINDS.into_iter().zip(&mut runs) {
                let figures = measure(options, kind, *clients, pace).await?;
                let (name, Figures { rate, pace: now, p99, .. }) = (kind.name(), figures);
                pace = pace.or(Some(now));
                tell(&format!(
                    "{clients} clients, round {round}, {name}: {rate:.0} a second, {p99:.1} ms"
                ));
                runs.push(figures);
            }
        }
        let title = format!("{clients} clients");
        let mut table = Table::new(&title, &[&head[..], &more, &paced].concat());
        let [bare, _] = &runs;
        for (kind, own) in KINDS.into_iter().zip(&runs) {
            table.row(row(kind, own, bare));
        }
        tables.push(table);
    }
    let title = format!("Live events, {}", options.database.name());
    let intro = format!(
        "Medians of {} runs of {} s, the servers taking turns. The clients are held by another process; \
         {PUBLISHERS} callers publish events of some 350 bytes, and wait while {AHEAD} are on their way. \
         \"of the limit\" is the rate beside the bare server in the same rounds, which stores nothing. p99 is from an event's publishing to its arrival at \
         10 of the clients, while events are published at half the bare server's rate for as long again.",
        options.rounds, options.seconds
    );
    report::publish(options.dry, &title, &intro, &tables)
}

fn row(kind: Kind, own: &[Figures], bare: &[Figures]) -> Vec<String> {
    let of = |figure: fn(&Figures) -> f64| median(own.iter().map(figure));
    let share = median(own.iter().zip(bare).map(|(own, bare)| own.rate / bare.rate));
    let is_ours = kind == Kind::Engine;
    let ours =
        |text: &str, yes: String| if is_ours { [text.to_owned(), yes] } else { Default::default() };
    let [share_goal, share_met] = ours("≥ 60 %", met(share >= 0.6));
    let times = median(own.iter().zip(bare).map(|(own, bare)| own.p99 / bare.p99));
    let [p99_goal, p99_met] = ours("≤ 2", met(times <= 2.0));
    let [memory_goal, memory_met] = ours("≤ 10", met(of(|f| f.idle) <= 10.0));
    vec![
        kind.name().to_owned(),
        format!("{:.0}", of(|f| f.rate)),
        percent(share),
        share_goal,
        share_met,
        format!("{:.0}", of(|f| f.events)),
        format!("{:.2}", of(|f| f.cpu)),
        format!("{:.1}", of(|f| f.idle)),
        format!("{:.1}", of(|f| f.after)),
        memory_goal,
        memory_met,
        format!("{:.0}", of(|f| f.pace)),
        format!("{:.1}", of(|f| f.p99)),
        format!("{times:.1}"),
        p99_goal,
        p99_met,
    ]
}

/// Measures one server: as many events as it takes, then `pace` events a second, or half of what it
/// took.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
async fn measure(
    options: &Options,
    kind: Kind,
    clients: usize,
    pace: Option<f64>,
) -> Result<Figures> {
    let database = Database::create(options.database).await?;
    let server = Server::start(kind, &database).await?;
    // Opens what is opened once.
    publish_one(&mut Asker::new(&server.base), &Delays::new()).await?;
    tokio::time::sleep(REST).await;
    let before = server.memory()?;
    let crowd = Crowd::gather(&server.base, clients).await?;
    tokio::time::sleep(REST).await;
    let each = |memory: f64| (memory - before) * 1024.0 / clients as f64;
    let idle = each(server.memory()?);

    let (cpu, began) = (server.cpu()?, Instant::now());
    let time = Duration::from_secs(options.seconds);
    let events = publish(&server.base, &crowd, time, None).await?;
    crowd.until_seen(events).await?;
    let took = began.elapsed().as_secs_f64();
    let frames = events as f64 * clients as f64;
    let cpu = (server.cpu()? - cpu) * 1e6 / frames;
    let after = each(server.memory()?);

    let pace = pace.unwrap_or(events as f64 / took / 2.0);
    drop(crowd.delays().take());
    let all = publish(&server.base, &crowd, time, Some(pace)).await?;
    crowd.until_seen(all).await?;
    let mut delays = crowd.delays().take();
    delays.sort_by(f64::total_cmp);
    let p99 = delays.get(delays.len() * 99 / 100).copied().unwrap_or(f64::NAN);
    drop(crowd);
    server.stop().await;
    database.remove().await?;
    Ok(Figures { rate: frames / took, events: events as f64 / took, cpu, idle, after, pace, p99 })
}

/// Publishes events for this long, at this pace or as fast as they arrive, and says how many there are
/// in all.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
async fn publish(base: &str, crowd: &Crowd, time: Duration, pace: Option<f64>) -> Result<u64> {
    let is_over = Arc::new(AtomicBool::new(false));
    let (began, first) = (Instant::now(), crowd.turn().taken());
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|_| {
            let (mut asker, is_over, turn) = (Asker::new(base), is_over.clone(), crowd.turn());
            let delays = crowd.delays().clone();
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let number = turn.take();
                    if let Some(pace) = pace {
                        let due = Duration::from_secs_f64((number - first) as f64 / pace);
                        tokio::time::sleep_until((began + due).into()).await;
                    } else {
                        turn.wait(number, AHEAD).await;
                    }
                    publish_one(&mut asker, &delays).await?;
                }
                Ok::<_, String>(())
            })
        })
        .collect();
    tokio::time::sleep(time).await;
    is_over.store(true, Ordering::Relaxed);
    for publisher in publishers {
        publisher.await.map_err(|e| e.to_string())??;
    }
    Ok(crowd.turn().taken())
}

/// Publishes an event that tells when it was sent.
///
/// # Errors
/// When it is not taken.
pub async fn publish_one(asker: &mut Asker, delays: &Delays) -> Result<()> {
    let note = "x".repeat(180);
    let payload = json!({ "user_id": 123, "amount": 1500.0, "note": note, "sent": delays.now() });
    let body = json!({ "type": "payment.completed", "payload": payload }).to_string();
    let key = format!("Authorization: Bearer {API_TOKEN}");
    let answer = asker.ask("POST", "/api/events", &key, &body).await.map_err(|e| e.to_string())?;
    if answer.status == 201 { Ok(()) } else { Err(answer.text()) }
}
