//! Other programs open the database beside the engine, and close it: a backup, somebody's
//! `sqlite3`.

use crate::harness::{Kind, Place};

/// The byte at which SQLite's readers' locks begin (its file format's `SHARED_FIRST`).
const SHARED_FIRST: &str = "1073741826";

/// SQLite's locks are POSIX ones: a process loses all of its own when it closes any descriptor of
/// the file. An engine without them looks dead to SQLite before 3.41, as Debian 12 has it: the next
/// program that closes the database removes the log in which the engine goes on writing, and a kill
/// then loses what was acknowledged.
#[tokio::test]
async fn a_visitor_sees_that_the_engine_is_there() {
    let place = Place::new(Kind::Sqlite).await;
    let process = place.start().await;
    // Each connection of the pool is one more chance to lose the locks of the others.
    process.http.say("anna", "не работает интернет").await;
    process.http.get("/api/tickets").await.expect(200);

    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    let held = locks.lines().any(|line| {
        line.contains("POSIX")
            && line.contains(&process.pid.to_string())
            && line.contains(SHARED_FIRST)
    });
    assert!(held, "the engine holds no lock on its database:\n{locks}");
    process.terminate().await;
}
