//! What is deleted unsent is told in the log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use centrium::clock::DAY;
use centrium::jobs::housekeeping;

use super::{hook, pauses, until};
use crate::harness::{App, Receiver, Says, both};

/// What is logged on this thread while it is installed.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

both!(the_log_says_how_many_deliveries_went_unsent, async |app: App| {
    let app = app.restart(pauses("100000")).await;
    let refusing = Receiver::answering(|_| Says::Status(500, "")).await;
    let taking = Receiver::start().await;
    let waits = hook(&app, &refusing, "user.created").await;
    hook(&app, &taking, "*").await;
    for who in ["anna", "boris", "vera"] {
        app.http.say(who, "привет").await;
    }
    refusing.until(3).await;
    until(&app, "/webhooks/stats", |stats| stats["successful_deliveries"] == 12).await;
    until(&app, &format!("{waits}/deliveries"), |page| {
        page["items"].as_array().unwrap().iter().all(|row| row["response_status"] == 500)
    })
    .await;
    app.engine.clock.advance(31 * DAY);

    let log = Log::default();
    let (its, plain) = (log.clone(), tracing_subscriber::fmt().with_ansi(false));
    let subscriber = plain.with_writer(move || its.clone()).finish();
    // What this test itself awaits stays on its thread.
    let installed = tracing::subscriber::set_default(subscriber);
    housekeeping::tidy_up(&app.engine).await.unwrap();
    drop(installed);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("webhooks.expired")).collect();
    let [line] = lines[..] else { panic!("{log}") };
    assert!(line.contains("WARN") && line.contains("deliveries=3"), "those that wait: {line}");
});
