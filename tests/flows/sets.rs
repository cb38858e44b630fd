//! Messages that arrive together are written together, and a bad one fails alone.

use centrium::engine::Engine;
use centrium_channels::{
    ChannelKind, Error, Idempotency, Incoming, KeyId, Kind as Why, Receipt, Sender,
};
use serde_json::json;

use crate::harness::{App, Database, Kind, Options, both, build, message};

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

    // The last operation of all is the one after the commit. Who comes before the writer has told
    // everyone of the failure before is refused without a try.
    let uncertain = loop {
        cut.after(operations - 1);
        let refused = send(&engine, "third").await.unwrap_err();
        if cut.count() > 0 {
            break refused;
        }
    };
    assert_eq!(uncertain.kind, Why::Unavailable);
    assert!(uncertain.sentence.contains("may or may not"), "{uncertain}");

    cut.after(u64::MAX);
    let stored = loop {
        if let Ok(receipt) = send(&engine, "third").await {
            break receipt;
        }
    };
    assert!(stored.duplicate, "it was stored");
}

async fn send(engine: &Engine, key: &str) -> Result<Receipt, Error> {
    let sender = Sender { identifier: "anna".into(), ..Sender::default() };
    let message = Incoming {
        idempotency: Some(Idempotency {
            caller: KeyId::new("crm"),
            key: key.into(),
            request: key.into(),
        }),
        ..message(ChannelKind::Api, sender, "не работает интернет")
    };
    engine.ingest.accept(message).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_speaks_russian_is_understood() {
    for (state, status) in [("53100", 503), ("57014", 503), ("40P01", 503), ("22000", 500)] {
        let app = App::start(Kind::Postgres).await;
        app.database.refuse_in_russian("poison", state).await;
        let body = json!({ "user_identifier": "anna", "text": "poison" });
        let answer = app.http.message(body).await;
        assert_eq!(answer.status.as_u16(), status, "{state}: {:?}", answer.json());
        app.http.say("anna", "не работает интернет").await;
    }
}
