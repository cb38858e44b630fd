//! Several engines on one PostgreSQL.

use std::sync::Arc;

use centrium_channels::{ChannelKind, Idempotency, Incoming, KeyId, Sender};
use serde_json::json;

use crate::harness::{App, Database, Kind, Options, build, message};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_on_one_postgres_share_the_work() {
    let one = App::start(Kind::Postgres).await;
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let url = one.database.url();
    let two = Database::shared(url);
    let two = App::start_on(two, folder, Options::default()).await;
    let asked = (0..200).map(|i| {
        let app = if i % 2 == 0 { &one } else { &two };
        let body = json!({
            "user_identifier": format!("user-{}", i % 20),
            "text": "интернет не работает",
            "external_id": format!("crm-{}", i % 40),
        });
        app.http.message(body)
    });
    let answers = futures_util::future::join_all(asked).await;
    let mut messages = std::collections::BTreeSet::new();
    let mut tickets = std::collections::BTreeSet::new();
    for answer in answers {
        let answer = answer.expect(200);
        assert!(messages.insert(answer["message_id"].as_i64().unwrap()));
        tickets.insert(answer["ticket_id"].as_i64().unwrap());
    }
    assert_eq!(tickets.len(), 40, "one ticket a conversation, whichever engine took it in");
}

/// An engine has begun, and is held up before it has locked the ticket. Another one writes to that
/// ticket meanwhile: ids that the first one had fetched as it began would be smaller.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ids_of_a_tickets_messages_grow_in_the_order_of_their_commits() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let database = Database::create(Kind::Postgres, folders[0].path()).await;
    let slow = build(&database, &folders[0], Options::default()).await;
    let quick = build(&database, &folders[1], Options::default()).await;
    let first = quick.ingest.accept(anna("не работает интернет")).await.unwrap();

    // Only messages with a key are looked for among the keys, and before their tickets.
    let keys = database.hold_table("idempotency_keys").await;
    let key = Idempotency { caller: KeyId::new("crm"), key: "1".into(), request: "1".into() };
    let held = Incoming { idempotency: Some(key), ..anna("роутер перезагрузил") };
    let waiting = tokio::spawn(async move { slow.ingest.accept(held).await.unwrap() });
    database.until_waited_for("idempotency_keys").await;
    let before = quick.ingest.accept(anna("всё равно не работает")).await.unwrap();
    drop(keys);
    let after = waiting.await.unwrap();

    assert_eq!([before.ticket_id, after.ticket_id], [first.ticket_id; 2]);
    let ids = [first, before, after].map(|receipt| receipt.message_id);
    assert!(ids.is_sorted(), "{ids:?}");
}

/// Nobody waits for the answer, so the customer isn't locked as the transaction begins.
fn anna(text: &str) -> Incoming {
    let sender = Sender { identifier: "anna".into(), ..Sender::default() };
    message(ChannelKind::Api, sender, text)
}
