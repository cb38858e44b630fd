//! The customers' bot, from Telegram's call to the answer that Telegram gets.

use std::time::Duration;

use centrium::store::{StoredKind, quarantine};
use centrium_channels::ChannelKind;
use serde_json::json;

use crate::harness::bot::{texts, until_sent};
use crate::harness::{App, LiveClient, both};

const USER: i64 = 77;

both!(a_customer_writes_and_is_answered_once, async |app: App| {
    let (app, fake) = app.with_bot().await;
    let update = fake.says(USER, "интернет не работает");
    let (first, again) = tokio::join!(app.http.telegram(&update), app.http.telegram(&update));
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (200, 200));
    until_sent(&fake, 1).await;
    assert_eq!(app.http.telegram(&update).await.status, 200);

    let tickets = app.telegram_tickets().await;
    assert_eq!(tickets.len(), 1);
    assert_eq!(tickets[0]["external_id"], "77");
    assert_eq!(tickets[0]["contact"]["name"], "Айгуль Серикова");
    let answer = app.until_delivery(&tickets[0]["id"], "sent").await;
    let ticket = app.http.ticket(&tickets[0]["id"]).await;
    assert_eq!(ticket["messages"].as_array().unwrap().len(), 2, "{ticket}");
    assert_eq!(ticket["messages"][0]["external_id"], "4242:77:1");
    assert_eq!(answer["external_id"], "4242:77:2");
    let sent = fake.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(answer["text"], sent[0].text);
    assert!(sent[0].text.contains("роутер"), "{}", sent[0].text);
    let status = app.http.send(app.http.plain(reqwest::Method::GET, "/tickets/api/status")).await;
    assert_eq!(status.expect(200)["channels"]["telegram"], true);
});

both!(other_systems_are_told_who_they_are, async |app: App| {
    let (app, fake) = app.with_bot().await;
    let mut live = LiveClient::connect(&app.http, "").await;
    app.http.telegram(&fake.says(USER, "интернет не работает")).await;
    let created = live.expect("user.created").await;
    let expected = json!({
        "user_id": created["payload"]["user_id"], "telegram_id": USER, "username": "user77",
        "first_name": "Айгуль", "last_name": "Серикова", "referral_code": null,
        "referred_by_id": null, "channel": "telegram",
    });
    assert_eq!(created["payload"], expected);
});

both!(the_button_calls_an_operator_once, async |app: App| {
    let (app, fake) = app.with_bot().await;
    app.http.telegram(&fake.says(USER, "интернет не работает")).await;
    until_sent(&fake, 1).await;
    let answer = fake.sent().remove(0);
    let button = &answer.parameters["reply_markup"]["inline_keyboard"][0][0];
    assert_eq!(button["text"], "Позвать оператора");
    for _ in 0..2 {
        let data = button["callback_data"].as_str().unwrap();
        let press = fake.presses(USER, answer.message_id, data);
        assert_eq!(app.http.telegram(&press).await.status, 200);
    }
    until_sent(&fake, 2).await;
    let ticket = app.telegram_tickets().await.remove(0);
    assert_eq!(
        (&ticket["needs_escalation"], &ticket["status"]),
        (&json!(true), &json!("in_progress"))
    );
    assert!(fake.sent()[1].parameters.get("reply_markup").is_none(), "one is called already");
    let pressed = app.http.ticket(&ticket["id"]).await;
    let calls =
        texts(&pressed).into_iter().filter(|said| *said == ("customer", "Позвать оператора"));
    assert_eq!(calls.count(), 1);
});

both!(an_operators_answer_reaches_the_customer_with_its_file, async |app: App| {
    let (app, fake) = app.with_bot().await;
    app.http.telegram(&fake.command(USER, "/operator")).await;
    until_sent(&fake, 1).await;
    let ticket = app.telegram_tickets().await.remove(0);
    let file = json!({"name": "счёт.txt", "content_type": "text/plain", "base64": "0LTQsA=="});
    let path = format!("/api/tickets/{}/messages", ticket["id"]);
    let said = json!({"text": "Слушаю вас", "operator": "Айгуль", "attachments": [file]});
    app.http.post(&path, said).await.expect(201);
    until_sent(&fake, 2).await;
    let sent = fake.sent();
    assert_eq!((sent[1].method.as_str(), sent[1].text.as_str()), ("sendDocument", "Слушаю вас"));
    assert_eq!(&sent[1].file.as_ref().unwrap().1[..], "да".as_bytes());
});

both!(a_wrong_secret_stores_nothing, async |app: App| {
    let (app, fake) = app.with_bot().await;
    let update = fake.says(USER, "интернет не работает");
    app.http.telegram_with("wrong", &update).await.refused(403);
    assert!(app.telegram_tickets().await.is_empty());
});

both!(start_greets_once_and_makes_no_ticket, async |app: App| {
    let (app, fake) = app.with_bot().await;
    let start = fake.command(USER, "/start");
    for _ in 0..2 {
        assert_eq!(app.http.telegram(&start).await.status, 200);
    }
    app.http.telegram(&fake.command(USER, "/help")).await;
    until_sent(&fake, 2).await;
    assert_eq!(fake.sent().len(), 2);
    let greeting = fake.texts_to(USER).into_iter().find(|text| text.contains("Centrium"));
    assert!(greeting.unwrap().starts_with("Здравствуйте"));
    assert!(app.telegram_tickets().await.is_empty());
});

both!(who_blocked_the_bot_is_shown_as_such, async |app: App| {
    let (app, fake) = app.with_bot().await;
    let update = fake.says(USER, "интернет не работает");
    fake.block(USER);
    assert_eq!(app.http.telegram(&update).await.status, 200);
    let ticket = app.telegram_tickets().await.remove(0);
    let failed = app.until_delivery(&ticket["id"], "failed").await;
    assert_eq!(failed["delivery"]["error"], "The customer has blocked the bot.");
    assert!(fake.sent().is_empty());
});

both!(telegram_may_ask_to_wait_as_often_as_it_likes, async |app: App| {
    let (app, fake) = app.with_bot().await;
    // More often than a job is tried.
    for _ in 0..10 {
        fake.refuse_next(429, "Too Many Requests: retry after 0", Some(0));
    }
    app.http.telegram(&fake.says(USER, "интернет не работает")).await;
    until_sent(&fake, 1).await;
    let ticket = app.telegram_tickets().await.remove(0);
    app.until_delivery(&ticket["id"], "sent").await;
    assert_eq!(fake.sent().len(), 1);
});

both!(what_cannot_be_understood_is_kept, async |app: App| {
    let (app, fake) = app.with_bot().await;
    let strange = fake.message(USER, json!({"hologram": {"size": 3}}));
    assert_eq!(app.http.telegram(&strange).await.status, 200);
    let conn = app.engine.store.read().await.unwrap();
    let kept = quarantine::of_channel(&conn, StoredKind(ChannelKind::Telegram)).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&kept[0].1).unwrap(), strange);
    assert!(app.telegram_tickets().await.is_empty());
});

both!(a_channel_that_is_off_takes_nothing_and_telegram_comes_again, async |app: App| {
    let (app, fake) = app.with_bot().await;
    app.http.patch("/api/channels/telegram", json!({"is_active": false})).await.expect(200);
    let (message, start) = (fake.says(USER, "интернет не работает"), fake.command(USER, "/start"));
    for update in [&message, &start] {
        app.http.telegram(update).await.refused(503);
    }
    app.http.patch("/api/channels/telegram", json!({"is_active": true})).await.expect(200);
    for update in [&message, &start] {
        assert_eq!(app.http.telegram(update).await.status, 200);
    }
    until_sent(&fake, 2).await;
});

both!(an_edit_is_recorded_and_not_answered, async |app: App| {
    let (app, fake) = app.with_bot().await;
    let first = fake.says(USER, "интернет не рабтает");
    app.http.telegram(&first).await;
    until_sent(&fake, 1).await;
    let edit = fake.edits(&first, "интернет не работает");
    for _ in 0..2 {
        assert_eq!(app.http.telegram(&edit).await.status, 200);
    }
    let ticket = app.telegram_tickets().await.remove(0);
    let ticket = app.http.ticket(&ticket["id"]).await;
    let said = texts(&ticket);
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(said[2], ("customer", "✏️ интернет не работает"));
    while centrium::store::jobs::any(&app.engine.store.read().await.unwrap()).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(fake.sent().len(), 1);
});

both!(a_chat_may_have_several_tickets_one_open_at_a_time, async |app: App| {
    let (app, fake) = app.with_bot_and(vec![("REOPEN_DAYS", "0".into())]).await;
    for ticket in 1..=2 {
        app.http.telegram(&fake.says(USER, "интернет не работает")).await;
        app.http.telegram(&fake.says(USER, "и телевизор")).await;
        let tickets = app.telegram_tickets().await;
        assert_eq!(tickets.len(), ticket, "{tickets:#?}");
        assert!(tickets.iter().all(|ticket| ticket["external_id"] == "77"));
        let path = format!("/api/tickets/{}", tickets[0]["id"]);
        app.http.patch(&path, json!({"status": "closed"})).await.expect(200);
    }
});

both!(a_bot_that_polls_works_the_same, async |app: App| {
    let (app, fake) = app.with_bot_and(vec![("TELEGRAM_MODE", "polling".into())]).await;
    let messages: Vec<_> = (0..5).map(|i| fake.says(USER + i, "интернет не работает")).collect();
    for update in messages.iter().chain(&messages) {
        fake.queue(update.clone());
    }
    until_sent(&fake, 5).await;
    assert_eq!(app.telegram_tickets().await.len(), 5);
    while fake.waiting() > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    while centrium::store::jobs::any(&app.engine.store.read().await.unwrap()).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(fake.sent().len(), 5);
    app.http.telegram(&messages[0]).await.refused(404);
});

both!(updates_out_of_order_twice_and_at_once_are_taken_once, async |app: App| {
    let (app, fake) = app.with_bot_and(vec![("ASSISTANT_QUIET_MS", "60000".into())]).await;
    let mut updates: Vec<_> =
        (0..60).map(|i| fake.says(USER + i % 6, &format!("сообщение {i}"))).collect();
    updates.extend(updates.clone());
    // In an order that has nothing to do with theirs, the same each time.
    updates.sort_by_key(|update| (update["update_id"].as_i64().unwrap() * 7_919) % 61);
    let calls = updates.iter().map(|update| app.http.telegram(update));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.status, 200);
    }
    let tickets = app.telegram_tickets().await;
    assert_eq!(tickets.len(), 6);
    let mut said = Vec::new();
    for ticket in tickets {
        let ticket = app.http.ticket(&ticket["id"]).await;
        said.extend(texts(&ticket).into_iter().map(|(_, text)| text.to_owned()));
    }
    said.sort();
    let mut expected: Vec<_> = (0..60).map(|i| format!("сообщение {i}")).collect();
    expected.sort();
    assert_eq!(said, expected);
});
