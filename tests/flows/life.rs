//! A ticket's life by the clock.

use centrium::clock::{DAY, HOUR};
use centrium::jobs::housekeeping;
use centrium::store::events::NewEvent;
use centrium::store::tickets::{self, Ticket};
use centrium::store::{Changes, Payload, Table, events, messages, reserve};
use serde_json::json;

use crate::harness::{App, both};

both!(an_answered_ticket_closes_by_itself_after_silence, async |app: App| {
    let solved = app.http.say("anna", "где посмотреть баланс").await;
    let escalated = app.http.say("boris", "соедините с оператором").await;
    app.engine.clock.advance(71 * HOUR);
    housekeeping::tidy_up(&app.engine).await.unwrap();
    assert_eq!(app.http.ticket(&solved["ticket_id"]).await["status"], "new");
    app.engine.clock.advance(2 * HOUR);
    housekeeping::tidy_up(&app.engine).await.unwrap();
    let ticket = app.http.ticket(&solved["ticket_id"]).await;
    assert_eq!(ticket["status"], "closed");
    assert_eq!(ticket["is_auto_solved"], true);
    assert_eq!(app.http.ticket(&escalated["ticket_id"]).await["status"], "in_progress");
});

both!(what_is_too_old_is_purged, async |app: App| {
    let body = json!({ "user_identifier": "anna", "text": "привет" });
    let first = app.http.message_once("key", body.clone()).await.expect(200);
    app.engine.clock.advance(25 * HOUR);
    housekeeping::tidy_up(&app.engine).await.unwrap();
    assert_eq!(app.http.message_once("key", body.clone()).await.expect(200), first);
    app.engine.clock.advance(30 * DAY);
    housekeeping::tidy_up(&app.engine).await.unwrap();
    let later = app.http.message_once("key", body).await.expect(200);
    assert_ne!(later["message_id"], first["message_id"]);
});

both!(old_events_go_in_batches_until_none_is_left, async |app: App| {
    let (store, now) = (&app.engine.store, app.engine.clock.now());
    let event = NewEvent {
        kind: "test",
        ticket_id: None,
        payload: Payload::new(&json!({})),
        created_at: now,
    };
    let tx = store.begin().await.unwrap();
    let changes = Changes { events: vec![event; 4_500], ..Changes::default() };
    changes.write(&tx).await.unwrap();
    tx.commit().await.unwrap();

    let tx = store.begin().await.unwrap();
    assert_eq!(events::purge(&tx, now + 1, 100).await.unwrap().rows, 100, "no more than asked");
    tx.commit().await.unwrap();
    app.engine.clock.advance(365 * DAY);
    housekeeping::tidy_up(&app.engine).await.unwrap();
    let tx = store.begin().await.unwrap();
    assert_eq!(events::purge(&tx, now + 1, 100).await.unwrap().rows, 0, "all are gone");
});

both!(tickets_are_found_by_their_words, async |app: App| {
    let said = app.http.say("anna", "Не работает ИНТЕРНЕТ в Алматы").await;
    app.http.say("boris", "где посмотреть баланс").await;
    housekeeping::index(&app.engine).await.unwrap();
    for q in ["алматы", "интернет алм", "ИНТЕРНЕТ", "anna"] {
        let path = format!("/api/tickets?q={}", q.replace(' ', "%20"));
        let found = app.http.get(&path).await.expect(200);
        let ids: Vec<_> = found["items"].as_array().unwrap().iter().map(|t| &t["id"]).collect();
        assert_eq!(ids, [&said["ticket_id"]], "{q}");
    }
    for q in ["ничего", "%22", "'%20OR%201=1", "*"] {
        let found = app.http.get(&format!("/api/tickets?q={q}")).await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 0, "{q}");
    }
});

both!(a_search_looks_at_every_match_before_the_other_filters, async |app: App| {
    let said = app.http.say("anna", "не работает интернет").await;
    let path = format!("/api/tickets/{}", said["ticket_id"]);
    app.http.patch(&path, json!({ "operator": "Айгуль" })).await.expect(200);
    let tx = app.engine.store.begin().await.unwrap();
    let first = said["ticket_id"].as_i64().unwrap();
    let first = tickets::get(&tx, first).await.unwrap().unwrap();
    let ids = reserve(&tx, Table::Tickets, 1_100).await.unwrap();
    let like = |id| {
        let now = first.updated_at + 1_000 + id;
        let subject = Some("интернет".into());
        Ticket { id, subject, operator: None, updated_at: now, indexed_version: 0, ..first.clone() }
    };
    let changes = Changes { tickets: ids.map(|id| (id, like(id))).collect(), ..Changes::default() };
    changes.write(&tx).await.unwrap();
    tx.commit().await.unwrap();
    housekeeping::index(&app.engine).await.unwrap();

    let (q, who) = ("%D0%B8%D0%BD%D1%82%D0%B5%D1%80", "%D0%90%D0%B9%D0%B3%D1%83%D0%BB%D1%8C");
    let found = app.http.get(&format!("/api/tickets?q={q}&operator={who}")).await.expect(200);
    let ids: Vec<_> = found["items"].as_array().unwrap().iter().map(|t| &t["id"]).collect();
    assert_eq!(ids, [&said["ticket_id"]], "the oldest of all");

    let (mut seen, mut after) = (0, String::new());
    loop {
        let path = format!("/api/tickets?q={q}&limit=200{after}");
        let page = app.http.get(&path).await.expect(200);
        seen += page["items"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, 1_101);
});

both!(a_long_ticket_is_found_by_its_newest_words, async |app: App| {
    let long = |first: &str, last: &str| format!("{first} {} {last}", "слово ".repeat(8_000));
    app.http.say("anna", &long("первое", "второе")).await;
    app.http.say("anna", &long("третье", "четвёртое")).await;
    let said = app.http.say("anna", &long("пятое", "шестое")).await;
    let ticket = said["ticket_id"].as_i64().unwrap();
    let conn = &app.engine.store.read().await.unwrap();
    let texts = messages::newest_texts_of(conn, &[ticket], 200, 50_000).await.unwrap();
    let read: usize = texts.iter().map(|(_, text)| text.chars().count()).sum();
    assert!((50_000..=100_000).contains(&read), "no more than is needed: {read}");

    housekeeping::index(&app.engine).await.unwrap();
    for (word, count) in [("шестое", 1), ("пятое", 1), ("четвёртое", 1), ("второе", 0)]
    {
        let q: String = url::form_urlencoded::byte_serialize(word.as_bytes()).collect();
        let found = app.http.get(&format!("/api/tickets?q={q}")).await.expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), count, "{word}");
    }
});
