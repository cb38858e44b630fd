//! Messages that arrive together are written together, and a bad one fails alone.

use centrium::engine::Engine;
use centrium_channels::{
    ChannelKind, Error, Idempotency, Incoming, KeyId, Kind as Why, Receipt, Sender,
};
use serde_json::{Value, json};

use crate::harness::{App, Database, Kind, Options, both, build};

both!(a_poisonous_message_fails_alone, async |app: App| {
    app.database.refuse_messages_with_text("poison").await;
    let asked = (0..60).map(|i| {
        let text = if i == 30 {
            "poison".to_owned()
        } else {
            format!("интернет не работает {i}")
        };
        app.http.message(json!({ "user_identifier": format!("user-{i}"), "text": text }))
    });
    let answers = futures_util::future::join_all(asked).await;
    for (i, answer) in answers.iter().enumerate() {
        if i == 30 {
            answer.refused(500);
            assert!(answer.json()["request_id"].is_string(), "{:?}", answer.json());
        } else {
            answer.expect(200);
        }
    }
    let metrics = String::from_utf8(app.http.get("/metrics").await.body).unwrap();
    assert!(metrics.contains("outcome=\"refused\""));
});

both!(messages_of_one_conversation_in_one_set_make_one_ticket, async |app: App| {
    let asked = (0..50).map(|i| {
        let body = json!({
            "user_identifier": format!("user-{}", i % 5),
            "text": format!("интернет не работает {i}"),
            "external_id": format!("crm-{}", i % 10),
        });
        app.http.message(body)
    });
    let answers = futures_util::future::join_all(asked).await;
    let mut tickets = std::collections::BTreeMap::new();
    for (i, answer) in answers.iter().enumerate() {
        let ticket = answer.expect(200)["ticket_id"].as_i64().unwrap();
        assert_eq!(*tickets.entry(i % 10).or_insert(ticket), ticket);
    }
    assert_eq!(tickets.len(), 10);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_cut_off_in_the_commit_is_told_so_on_sqlite() {
    cut_off_in_the_commit(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_cut_off_in_the_commit_is_told_so_on_postgres() {
    cut_off_in_the_commit(Kind::Postgres).await;
}

async fn cut_off_in_the_commit(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::create(kind, folder.path()).await;
    let engine = build(&database, &folder, Options::default()).await;
    send(&engine, "first").await.unwrap();
    let cut = engine.store.cut();
    cut.after(u64::MAX);
    send(&engine, "second").await.unwrap();
    let operations = cut.count();

    cut.after(0);
    let refused = send(&engine, "third").await.unwrap_err();
    assert!(refused.sentence.contains("Nothing was stored"), "{refused}");

    // The last operation of all is the one after the commit.
    cut.after(operations - 1);
    let uncertain = send(&engine, "third").await.unwrap_err();
    assert_eq!(uncertain.kind, Why::Unavailable);
    assert!(uncertain.sentence.contains("may or may not"), "{uncertain}");

    cut.after(u64::MAX);
    // Who comes while the writer still refuses those that queued up behind the cut, comes again.
    let mut tries = 0;
    let stored = loop {
        tries += 1;
        match send(&engine, "third").await {
            Ok(stored) => break stored,
            Err(refused) => assert!(refused.kind == Why::Unavailable && tries < 100, "{refused}"),
        }
    };
    assert!(stored.duplicate, "it was stored");
}

async fn send(engine: &Engine, key: &str) -> Result<Receipt, Error> {
    let message = Incoming {
        channel: ChannelKind::Api,
        sender: Sender { identifier: "anna".into(), ..Sender::default() },
        external_id: None,
        conversation: None,
        subject: None,
        text: "не работает интернет".into(),
        attachments: Vec::new(),
        metadata: Value::Null,
        idempotency: Some(Idempotency {
            caller: KeyId::new("crm"),
            key: key.into(),
            request: key.into(),
        }),
        awaits_reply: false,
        machine: None,
    };
    engine.ingest.accept(message).await
}
