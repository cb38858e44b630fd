//! Ten other systems, seven of them bad each in its way, and SIGKILL again and again: the good ones
//! are told of everything, and nothing grows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use diesel::sql_types::BigInt;
use diesel::{Connection, QueryableByName, SqliteConnection, sql_query};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use serde_json::json;

use super::endpoints::{Endpoint, Manner};
use super::publishers::Publishers;
use super::short_or_long;
use crate::harness::{Client, Kind, Place};

/// Requests to all addresses that may be on their way at a kill, or have ended and are not written.
const IN_FLIGHT: usize = 64;
/// MB that a process may grow by in its life, once it is warm.
const GROWTH: f64 = 64.0;
/// How long after its start a process is warm.
const WARM: Duration = Duration::from_secs(1);
/// How long what is published may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_ones_are_told_of_everything_beside_bad_ones_on_sqlite() {
    good_beside_bad(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_ones_are_told_of_everything_beside_bad_ones_on_postgres() {
    good_beside_bad(Kind::Postgres).await;
}

/// What a run is.
#[derive(Clone, Copy, Debug)]
struct Plan {
    events: usize,
    /// A second, at most.
    rate: usize,
    /// So long does a process live, until four fifths are published.
    life: Duration,
}

async fn good_beside_bad(kind: Kind) {
    let short = Plan { events: 240, rate: 100, life: Duration::from_secs(1) };
    let long = Plan {
        events: number("CHAOS_EVENTS", 30_000),
        rate: number("CHAOS_RATE", 400),
        life: Duration::from_secs(5),
    };
    let plan = short_or_long(short, long);
    let canary = Endpoint::start(Manner::Healthy).await;
    let bad = [
        Manner::Slow,
        Manner::BlackHole,
        Manner::Flaps,
        Manner::Resets,
        Manner::Endless,
        Manner::Redirects(canary.url.clone()),
        Manner::Gone,
    ];
    let beside = run(kind, plan, &bad).await;
    assert_eq!(canary.seen().connections, 0, "redirects are not followed");
    if short_or_long(false, true) {
        let alone = run(kind, Plan { events: plan.events / 4, ..plan }, &[]).await;
        let share = beside.as_secs_f64() / alone.as_secs_f64();
        let verdict = if share <= 2.0 { "within" } else { "BEYOND" };
        eprintln!("{kind:?}: p99 is {share:.1} × the one without the bad ones, {verdict} 2 ×");
    }
}

/// What the long form can be made smaller with.
fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Gives the time within which 99 of 100 events came to the healthy ones.
async fn run(kind: Kind, plan: Plan, bad: &[Manner]) -> Duration {
    let mut place = Place::new(kind).await;
    place
        .set("WEBHOOK_ALLOW_PRIVATE", true)
        .set("WEBHOOK_RETRY_SECONDS", "1,2,4,8")
        .set("WEBHOOK_TIMEOUT_SECONDS", 4);
    let mut process = place.start().await;
    let endpoints = connect(&process.http, bad).await;
    let publishers = Publishers::start(&process.http, plan.events, plan.rate);
    let (mut kills, mut growth) = (0, 0_f64);
    while publishers.published() < plan.events * 4 / 5 {
        let grown = live(process.pid, plan.life).await;
        growth = growth.max(grown);
        process.kill().await;
        kills += 1;
        process = place.spawn();
        process.wait_until_healthy().await;
    }
    tokio::time::sleep(WARM).await;
    let warm = resident(process.pid);
    publishers.finish().await;
    until_gone_is_off(&process.http, &endpoints).await;
    let events = until_healthy_have_all(&place.database.url(), &endpoints).await;
    growth = growth.max(resident(process.pid) - warm);

    let good = || endpoints.iter().filter(|one| one.manner.takes_everything());
    let doubles: usize = good().map(|one| one.seen().again).sum();
    let lag = lag(&events, &endpoints);
    eprintln!(
        "{kind:?}, {} bad ones, {kills} kills, {} events: {doubles} came twice to who takes \
         everything, p99 {lag:?}, {growth:.1} MB grown",
        bad.len(),
        events.len()
    );
    for one in &endpoints {
        let seen = one.seen();
        let (manner, first) = (&one.manner, seen.first.len());
        eprintln!("    {manner:?}: {first} events, {} more posts", seen.again);
        assert!(seen.first.keys().all(|id| events.contains_key(id)), "{manner:?}");
    }
    assert!(doubles <= kills * IN_FLIGHT, "{doubles} after {kills} kills");
    assert!(growth <= GROWTH, "{growth} MB");
    process.terminate().await;
    lag
}

/// Three healthy endpoints, and bad ones of these kinds, each with a webhook.
async fn connect(http: &Client, bad: &[Manner]) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    for manner in [Manner::Healthy, Manner::Healthy, Manner::Healthy].iter().chain(bad) {
        let endpoint = Endpoint::start(manner.clone()).await;
        let hook = json!({ "name": "all", "url": endpoint.url, "event_type": "*" });
        http.post("/webhooks", hook).await.expect(201);
        endpoints.push(endpoint);
    }
    endpoints
}

/// Lets a process live for so long, and says by how many MB it grew once it was warm.
async fn live(pid: u32, life: Duration) -> f64 {
    tokio::time::sleep(WARM.min(life / 2)).await;
    let warm = resident(pid);
    tokio::time::sleep(life.saturating_sub(WARM.min(life / 2))).await;
    resident(pid) - warm
}

/// MB of memory that a process holds.
fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

async fn until_gone_is_off(http: &Client, endpoints: &[Endpoint]) {
    let Some(place) = endpoints.iter().position(|one| one.manner == Manner::Gone) else { return };
    let began = Instant::now();
    let path = format!("/webhooks/{}", place + 1);
    while http.get(&path).await.expect(200)["is_active"] != false {
        assert!(began.elapsed() < PATIENCE, "who answers 410 is never switched off");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until each event in the log has come to each healthy endpoint, and gives them with their
/// times.
async fn until_healthy_have_all(url: &str, endpoints: &[Endpoint]) -> BTreeMap<i64, i64> {
    let events = written(url).await;
    let ids: BTreeSet<i64> = events.keys().copied().collect();
    let began = Instant::now();
    for one in endpoints.iter().filter(|one| one.manner == Manner::Healthy) {
        while one.seen().first.len() < ids.len() {
            let seen = one.seen().first.len();
            assert!(began.elapsed() < PATIENCE, "only {seen} of {} have come", ids.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(one.seen().first.keys().copied().collect::<BTreeSet<_>>(), ids);
    }
    events
}

/// The time within which 99 of 100 events came to the healthy ones, counted from when they were written.
fn lag(events: &BTreeMap<i64, i64>, endpoints: &[Endpoint]) -> Duration {
    let mut lags = Vec::new();
    for one in endpoints.iter().filter(|one| one.manner == Manner::Healthy) {
        lags.extend(one.seen().first.iter().map(|(id, at)| at - events[id]));
    }
    lags.sort_unstable();
    let p99 = lags[lags.len() * 99 / 100];
    Duration::from_millis(u64::try_from(p99).unwrap_or(0))
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
}

/// All events in the log, and when they were written.
async fn written(url: &str) -> BTreeMap<i64, i64> {
    let all = sql_query("SELECT id, created_at FROM events");
    let all: Vec<Written> = if let Some(path) = url.strip_prefix("sqlite://") {
        let mut conn = SqliteConnection::establish(path).unwrap();
        diesel::RunQueryDsl::load(all, &mut conn).unwrap()
    } else {
        let mut conn = AsyncPgConnection::establish(url).await.unwrap();
        diesel_async::RunQueryDsl::load(all, &mut conn).await.unwrap()
    };
    all.into_iter().map(|event| (event.id, event.created_at)).collect()
}
