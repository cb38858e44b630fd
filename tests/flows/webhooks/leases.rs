//! A delivery is one engine's until its lease has run out, and on its way once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use centrium::clock::HOUR;
use serde_json::{Value, json};

use super::{deliveries, hook, pauses, until, until_status};
use crate::harness::{App, Database, Kind, Receiver, Says, both};

both!(what_is_under_way_is_not_sent_beside_itself, async |app: App| {
    let app = app.restart(pauses("100000")).await;
    let receiver =
        Receiver::answering(
            |posted| if posted.place == 0 { Says::Nothing } else { Says::Status(200, "") },
        )
        .await;
    let hook = hook(&app, &receiver, "user.created").await;
    app.http.say("anna", "привет").await;
    receiver.until(1).await;
    let [sent] = &deliveries(&app, &hook, "").await[..] else { panic!() };
    assert_eq!((&sent["status"], &sent["next_retry_at"]), (&json!("pending"), &Value::Null));
    // As if nothing could be written for so long that its lease has run out.
    app.engine.clock.advance(HOUR);
    app.http.say("boris", "привет").await;
    until_status(&app, &hook, "success", 1).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let posted = receiver.all();
    let ids: BTreeSet<_> = posted.iter().map(|p| p.id().to_owned()).collect();
    assert_eq!((posted.len(), ids.len()), (2, 2), "each once");
});

both!(what_was_on_its_way_at_a_stop_is_sent_by_the_next_life, async |app: App| {
    let app = app.restart(pauses("1")).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let its = asked.clone();
    let receiver = Receiver::answering(move |_| {
        let is_first = its.fetch_add(1, Ordering::SeqCst) == 0;
        if is_first { Says::Nothing } else { Says::Status(200, "") }
    })
    .await;
    let hook = hook(&app, &receiver, "user.created").await;
    app.http.say("anna", "привет").await;
    receiver.until(1).await;
    let began = Instant::now();
    centrium::app::finish(&app.engine, Duration::from_millis(200)).await;
    // The post would be given up after 5 s.
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let app = App::start_on(app.database, app.folder, pauses("1")).await;
    let [done] = &until_status(&app, &hook, "success", 1).await[..] else { panic!() };
    assert_eq!(done["attempt_number"], 1, "what was cut off was no try");
    let posted = receiver.all();
    assert_eq!((posted.len(), posted[0].id()), (2, posted[1].id()));
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_on_one_postgres_share_the_deliveries() {
    let one = App::start_with(Kind::Postgres, pauses("1")).await;
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let two = Database::shared(one.database.url());
    let two = App::start_on(two, folder, pauses("1")).await;
    let receiver = Receiver::start().await;
    let hook = hook(&one, &receiver, "*").await;
    for i in 0..100 {
        let app = if i % 2 == 0 { &one } else { &two };
        app.http.say(&format!("customer-{i}"), "привет").await;
    }
    receiver.until_ids(400).await;
    until(&one, &hook, |hook| hook["success_count"] == 400).await;
    assert_eq!(receiver.all().len(), 400, "each once, while nobody fails");
}
