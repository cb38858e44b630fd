//! Messages that arrive together are written together, and a bad one fails alone.

use serde_json::json;

use crate::harness::{App, both};

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
