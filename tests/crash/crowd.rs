//! A thousand connections at once, half of which only waste the engine's time.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::senders::post;
use super::short_or_long;
use crate::harness::{Kind, Place};

/// Idle or slow connections, and as many that do as they should.
const EACH: usize = 500;
/// An ordinary answer takes at most this, in a debug build and on a busy machine.
const LIMIT: Duration = Duration::from_secs(15);
/// What it should take.
const GOAL: Duration = Duration::from_secs(2);
/// Who wastes time is hung up on within this: the slowest drip a body for 29 s, are answered, and then
/// have 20 s for another request.
const PATIENCE: Duration = Duration::from_secs(60);

const HEAD: &str = "POST /tickets/api/external/message/ HTTP/1.1\r\nHost: localhost\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    crowd(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    crowd(Kind::Postgres).await;
}

async fn crowd(kind: Kind) {
    rlimit::increase_nofile_limit(8_192).unwrap();
    let place = Place::new(kind).await;
    let engine = place.start().await;
    let address = engine.http.url("").replace("http://", "");

    let mut wasters = JoinSet::new();
    for number in 0..EACH {
        let stream = TcpStream::connect(&address).await.unwrap();
        wasters.spawn(waste(stream, number));
    }
    for round in 0..short_or_long(2, 20) {
        // In the first round each makes a connection, in the later ones they have theirs.
        let asked = (0..EACH).map(|number| ask(&engine.http, round, number));
        let took = join_all(asked).await;
        let slowest = took.into_iter().max().unwrap();
        let verdict = if slowest <= GOAL { "within" } else { "BEYOND" };
        eprintln!(
            "{kind:?}, round {round}: the slowest of {EACH} answers beside {EACH} idle or slow \
             connections took {slowest:?}, {verdict} the goal of {GOAL:?}"
        );
        assert!(slowest < LIMIT, "{slowest:?}");
    }
    assert!(!place.stderr().contains("http.accept_failed"), "it ran out of file descriptors");
    if short_or_long(false, true) {
        let hung_up = tokio::time::timeout(PATIENCE, wasters.join_all()).await;
        hung_up.expect("who sends nothing is hung up on");
    } else {
        wasters.shutdown().await;
    }
    engine.terminate().await;
}

async fn ask(http: &crate::harness::Client, round: usize, number: usize) -> Duration {
    let began = Instant::now();
    let text = format!("Не работает интернет, вопрос {round}-{number}.");
    let body = json!({ "user_identifier": format!("user-{number}"), "text": text });
    post(http, &format!("{round}-{number}"), &body).await.unwrap().expect(200);
    began.elapsed()
}

/// A third is silent, a third sends half a head, a third drips a body. Ends when it is hung up on.
async fn waste(mut stream: TcpStream, number: usize) {
    match number % 3 {
        0 => {}
        1 => stream.write_all(HEAD.as_bytes()).await.unwrap(),
        _ => {
            let head = format!("{HEAD}Content-Length: 30\r\n\r\n{{");
            stream.write_all(head.as_bytes()).await.unwrap();
            for _ in 0..29 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if stream.write_all(b" ").await.is_err() {
                    return;
                }
            }
        }
    }
    // What is answered, a 400 or a 408 perhaps, does not matter here; the end does.
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
}
