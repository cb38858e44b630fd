//! The database is gone for a while, and comes back: nobody restarts the engine.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use reqwest::Method;

use super::senders::Senders;
use super::{ledger, short_or_long};
use crate::harness::{Client, Kind, Place, Proxy};

/// How long a caller may wait until it hears that the database is gone, or is back.
const NOTICE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_of_the_database_is_cut_off() {
    let mut place = Place::new(Kind::Postgres).await;
    let mut url = url::Url::parse(&place.database.url()).unwrap();
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let proxy = Proxy::before(server).await;
    let (host, port) = proxy.address.split_once(':').unwrap();
    url.set_host(Some(host)).unwrap();
    url.set_port(Some(port.parse().unwrap())).unwrap();
    place.set("DATABASE_URL", url);
    let engine = place.start().await;
    let senders = Senders::start(&engine.http, 16);
    senders.counts.more(|counts| &counts.acknowledged, 16).await;

    proxy.cut().await;
    let noticed = watch(&engine.http, &senders).await;
    proxy.restore().await;

    let title = back_to_work("PostgreSQL cut off", noticed, &engine.http, &senders).await;
    let sent = senders.finish().await;
    ledger::settle(&title, &place.database.url(), &engine.http, &sent).await;
    eprintln!("stopped in {:?}", engine.terminate().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_program_locks_the_database() {
    let place = Place::new(Kind::Sqlite).await;
    let engine = place.start().await;
    let senders = Senders::start(&engine.http, 16);
    senders.counts.more(|counts| &counts.acknowledged, 16).await;

    let path = place.data_dir().join("centrium.db");
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE;").unwrap();
    let noticed = watch(&engine.http, &senders).await;
    other.batch_execute("ROLLBACK").unwrap();

    let title = back_to_work("SQLite locked", noticed, &engine.http, &senders).await;
    let sent = senders.finish().await;
    ledger::settle(&title, &place.database.url(), &engine.http, &sent).await;
    eprintln!("stopped in {:?}", engine.terminate().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_is_full() {
    let can = tokio::process::Command::new("unshare").args(["--mount", "true"]).status().await;
    assert!(
        can.is_ok_and(|status| status.success()),
        "this test needs a small disk of its own: run it as root, or where `unshare --mount` works"
    );
    let mut place = Place::new(Kind::Sqlite).await;
    place.set("SMALL_DISK", place.data_dir().display()).through(
        r#"exec unshare --mount sh -c \
           'mount -t tmpfs -o size=24m tmpfs "$SMALL_DISK" && exec "$@"' sh "$@""#,
    );
    let engine = place.start().await;
    // The small disk is seen by the engine alone, and by who looks through its eyes.
    let data = place.data_dir();
    let seen = PathBuf::from(format!("/proc/{}/root{}", engine.pid, data.display()));
    let senders = Senders::start(&engine.http, 16);
    senders.counts.more(|counts| &counts.acknowledged, 16).await;

    let filler = seen.join("filler");
    fill(&filler);
    let noticed = watch(&engine.http, &senders).await;
    senders.counts.more(|counts| &counts.refused, 1).await;
    std::fs::remove_file(&filler).unwrap();

    let title = back_to_work("disk full", noticed, &engine.http, &senders).await;
    let sent = senders.finish().await;
    let copy = place.folder.path().join("copy.db");
    let url = copy_database(&seen, &copy);
    ledger::settle(&title, &url, &engine.http, &sent).await;
    copy_database(&seen, &copy);
    ledger::compare(&url, &sent).await;
    eprintln!("stopped in {:?}", engine.terminate().await);
}

/// The database and its log; SQLite would not open them where they are, because it takes
/// `/proc/…/root` for the test's own root. Nobody writes meanwhile.
fn copy_database(from: &Path, to: &Path) -> String {
    std::fs::copy(from.join("centrium.db"), to).unwrap();
    std::fs::copy(from.join("centrium.db-wal"), to.with_extension("db-wal")).unwrap();
    drop(std::fs::remove_file(to.with_extension("db-shm")));
    format!("sqlite://{}", to.display())
}

fn fill(path: &Path) {
    use std::io::Write;

    let mut file = std::fs::File::create(path).unwrap();
    for block in [1 << 20, 1 << 12] {
        while file.write_all(&vec![b'x'; block]).is_ok() {}
    }
}

/// Waits, for the time of the outage at least, until everybody has noticed: `/healthz`, the
/// status page and, in the long form, a sender. Says when `/healthz` did, and how long the outage has been.
async fn watch(http: &Client, senders: &Senders) -> (Duration, Duration) {
    let began = Instant::now();
    let health = until(http, "/healthz", |status, _| status == 503).await;
    until(http, "/tickets/api/status/", |status, text| {
        assert_eq!(status, 200, "{text}");
        text.contains("\"degraded\"") && text.contains("The database")
    })
    .await;
    // A sender waits for up to 8 s before it is refused: the short form ends before.
    if short_or_long(false, true) {
        senders.counts.more(|counts| &counts.refused, 1).await;
    }
    let least = short_or_long(Duration::from_secs(3), Duration::from_secs(30));
    tokio::time::sleep(least.saturating_sub(began.elapsed())).await;
    (health, began.elapsed())
}

async fn back_to_work(
    what: &str,
    (noticed, lasted): (Duration, Duration),
    http: &Client,
    senders: &Senders,
) -> String {
    let began = Instant::now();
    senders.counts.more(|counts| &counts.acknowledged, 1).await;
    let first = began.elapsed();
    until(http, "/healthz", |status, _| status == 200).await;
    until(http, "/tickets/api/status/", |_, text| text.contains("\"ok\"")).await;
    senders.counts.more(|counts| &counts.acknowledged, 50).await;
    format!(
        "{what} for {lasted:?}, noticed by /healthz after {noticed:?}, first 200 {first:?} after \
         its end, {:?}",
        senders.counts
    )
}

/// Asks until the answer is as it should be, and says how long that took.
async fn until(http: &Client, path: &str, wanted: impl Fn(u16, &str) -> bool) -> Duration {
    let began = Instant::now();
    loop {
        let answer = http.send(http.plain(Method::GET, path)).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        if wanted(answer.status.as_u16(), &text) {
            return began.elapsed();
        }
        assert!(began.elapsed() < NOTICE, "{path} still says {} {text}", answer.status);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
