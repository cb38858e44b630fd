//! `/tickets/api/external/…`

use serde_json::json;

use crate::harness::{API_TOKEN, App, EXTERNAL_KEY, Options, both};
use base64::Engine as _;
use reqwest::Method;

const MESSAGE: &str = "/tickets/api/external/message/";

both!(a_message_becomes_a_ticket_with_an_answer, async |app: App| {
    let said = app.http.say("user@example.com", "У меня не работает интернет").await;
    assert_eq!(said["success"], true);
    assert_eq!(said["status"], "new");
    assert_eq!(said["needs_escalation"], false);
    assert!(said["reply"].as_str().unwrap().contains("роутер"), "{said}");
    let ticket = app.http.ticket(&said["ticket_id"]).await;
    assert_eq!(ticket["category"], "internet");
    assert_eq!(ticket["channel"], "api");
    let messages = ticket["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0]["id"], said["message_id"]);
    assert_eq!(messages[0]["author"], "customer");
    assert_eq!(messages[1]["id"], said["reply_id"]);
    assert_eq!(messages[1]["author"], "assistant");
    assert_eq!(messages[1]["text"], said["reply"]);
});

both!(disputed_money_calls_an_operator, async |app: App| {
    let said = app.http.say("user", "мало денег списали дважды, верните").await;
    assert_eq!(said["needs_escalation"], true);
    assert_eq!(said["status"], "in_progress");
    assert!(said["reply"].as_str().unwrap().contains("оператор"), "{said}");
    let ticket = app.http.ticket(&said["ticket_id"]).await;
    assert_eq!(ticket["needs_escalation"], true);
    assert_eq!(ticket["category"], "billing");
    assert_eq!(ticket["department"], "financial");
});

both!(the_key_may_come_by_three_ways, async |app: App| {
    let body = json!({ "user_identifier": "a", "text": "интернет" });
    let mut inside = body.clone();
    inside["api_key"] = json!(EXTERNAL_KEY);
    let post = || app.http.plain(Method::POST, MESSAGE);
    app.http.send(post().json(&inside)).await.expect(200);
    app.http.send(post().json(&body).header("X-API-Key", EXTERNAL_KEY)).await.expect(200);
    app.http.send(post().json(&body).bearer_auth(EXTERNAL_KEY)).await.expect(200);
    app.http.send(post().json(&body)).await.refused(401);
    app.http.send(post().json(&body).bearer_auth(API_TOKEN)).await.refused(401);
    inside["api_key"] = json!("wrong");
    app.http.send(post().json(&inside)).await.refused(401);
});

both!(wrong_input_is_told_in_a_sentence, async |app: App| {
    for (body, word) in [
        (json!({ "text": "a" }), "user_identifier"),
        (json!({ "user_identifier": "a" }), "text"),
        (json!({ "user_identifier": " ", "text": "a" }), "user_identifier"),
        (json!({ "user_identifier": "a", "text": " " }), "text"),
        (json!({ "user_identifier": 1, "text": "a" }), "user_identifier"),
        (json!({ "user_identifier": "a", "text": ["a"] }), "text"),
        (json!({ "user_identifier": "a", "text": "a", "image_base64": "***" }), "image_base64"),
        (json!({ "user_identifier": "a", "text": "a", "image_base64": "aGVsbG8=" }), "image"),
        (json!({ "user_identifier": "a", "text": "a", "external_id": {} }), "external_id"),
        (json!({ "user_identifier": "a", "text": "a", "metadata": 3 }), "metadata"),
        (json!({ "user_identifier": "x".repeat(256), "text": "a" }), "255"),
    ] {
        let sentence = app.http.message(body.clone()).await.refused(400);
        assert!(sentence.to_lowercase().contains(word), "{body}: {sentence}");
    }
    let broken = app.http.plain(Method::POST, MESSAGE).header("X-API-Key", EXTERNAL_KEY);
    app.http.send(broken.try_clone().unwrap().body("{")).await.refused(400);
    app.http.send(broken.body(vec![0xFF, 0xFE])).await.refused(400);
});

both!(an_external_id_is_one_ticket_for_ever, async |app: App| {
    let crm = |who: &str, text: &str| json!({ "user_identifier": who, "text": text, "external_id": "crm-12345" });
    let first = app.http.message(crm("anna", "интернет не работает")).await.expect(200);
    let other = app.http.message(crm("boris", "и у меня не работает")).await.expect(200);
    assert_eq!(first["ticket_id"], other["ticket_id"]);
    let path = format!("/api/tickets/{}", first["ticket_id"]);
    app.http.patch(&path, json!({ "status": "closed" })).await.expect(200);
    app.engine.clock.advance(100 * centrium::clock::DAY);
    let again = app.http.message(crm("anna", "опять не работает")).await.expect(200);
    assert_eq!(first["ticket_id"], again["ticket_id"]);
    assert_eq!(again["status"], "in_progress");
});

both!(without_an_external_id_the_open_ticket_takes_it, async |app: App| {
    let first = app.http.say("anna", "интернет не работает").await;
    let second = app.http.say("anna", "телевизор тоже").await;
    assert_eq!(first["ticket_id"], second["ticket_id"]);
    let path = format!("/api/tickets/{}", first["ticket_id"]);
    app.http.patch(&path, json!({ "status": "closed" })).await.expect(200);
    let within = app.http.say("anna", "снова не работает").await;
    assert_eq!(within["ticket_id"], first["ticket_id"]);
    app.http.patch(&path, json!({ "status": "closed" })).await.expect(200);
    app.engine.clock.advance(15 * centrium::clock::DAY);
    let later = app.http.say("anna", "не работает интернет").await;
    assert_ne!(later["ticket_id"], first["ticket_id"]);
});

both!(a_thanks_reopens_nothing_and_is_not_answered, async |app: App| {
    let first = app.http.say("anna", "интернет не работает").await;
    let path = format!("/api/tickets/{}", first["ticket_id"]);
    app.http.patch(&path, json!({ "status": "closed" })).await.expect(200);
    let thanks = app.http.say("anna", "спасибо!").await;
    assert_eq!(thanks["ticket_id"], first["ticket_id"]);
    assert_eq!(thanks["status"], "closed");
    let ticket = app.http.ticket(&first["ticket_id"]).await;
    assert_eq!(ticket["messages"].as_array().unwrap().last().unwrap()["author"], "system");
});

both!(the_same_idempotency_key_does_nothing_twice, async |app: App| {
    let body = json!({ "user_identifier": "anna", "text": "интернет не работает" });
    let first = app.http.message_once("key-1", body.clone()).await.expect(200);
    let second = app.http.message_once("key-1", body.clone()).await.expect(200);
    assert_eq!(first, second);
    let other = json!({ "user_identifier": "anna", "text": "другое" });
    app.http.message_once("key-1", other).await.refused(409);
    let ticket = app.http.ticket(&first["ticket_id"]).await;
    assert_eq!(ticket["messages"].as_array().unwrap().len(), 2);
});

both!(repeats_that_arrive_at_once_wait_for_the_first, async |app: App| {
    let body = json!({ "user_identifier": "anna", "text": "не работает телевизор" });
    let asked = (0..16).map(|_| app.http.message_once("key-2", body.clone()));
    let answers = futures_util::future::join_all(asked).await;
    let first = answers[0].expect(200);
    for answer in &answers {
        assert_eq!(answer.expect(200), first);
    }
    let ticket = app.http.ticket(&first["ticket_id"]).await;
    assert_eq!(ticket["messages"].as_array().unwrap().len(), 2);
});

both!(an_image_is_kept_and_shown, async |app: App| {
    let image = base64::engine::general_purpose::STANDARD.encode(png());
    let url = format!("data:image/png;base64,{image}");
    let said = app
        .http
        .message(json!({ "user_identifier": "anna", "text": "", "image_base64": url }))
        .await
        .expect(200);
    let ticket = app.http.ticket(&said["ticket_id"]).await;
    let file = &ticket["messages"][0]["attachments"][0];
    assert_eq!(file["content_type"], "image/png");
    let shown = app.http.get(file["url"].as_str().unwrap()).await;
    assert_eq!(shown.status, 200);
    assert_eq!(shown.headers["content-type"], "image/png");
    assert!(shown.body.starts_with(b"\x89PNG"));
    let without_key = app.http.plain(Method::GET, file["url"].as_str().unwrap());
    app.http.send(without_key).await.refused(401);
});

both!(a_crm_reads_its_tickets_back, async |app: App| {
    let said = app.http.say("anna", "интернет не работает").await;
    let path = format!("/tickets/api/external/tickets/{}/", said["ticket_id"]);
    let note = format!("/api/tickets/{}/messages", said["ticket_id"]);
    app.http.post(&note, json!({ "text": "тайная заметка", "note": true })).await.expect(201);
    app.http
        .post(&note, json!({ "text": "ответ оператора", "operator": "Айгуль" }))
        .await
        .expect(201);
    let read = app.http.plain(Method::GET, &path).header("X-API-Key", EXTERNAL_KEY);
    let ticket = app.http.send(read.try_clone().unwrap()).await.expect(200);
    let text = ticket.to_string();
    assert!(text.contains("ответ оператора") && !text.contains("тайная"), "{text}");
    let again = app.http.send(read).await.expect(200);
    let last = again["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["delivery"]["state"], "delivered", "reading is the delivery: {last}");
    app.http.send(app.http.plain(Method::GET, &path)).await.refused(401);
    let missing = app.http.plain(Method::GET, "/tickets/api/external/tickets/999/");
    app.http.send(missing.header("X-API-Key", EXTERNAL_KEY)).await.refused(404);
});

both!(a_nul_is_replaced_and_the_rest_kept, async |app: App| {
    let text = "a\u{0}b  \u{1F600} \u{202E}c\r\n";
    let said = app.http.say("anna", text).await;
    let ticket = app.http.ticket(&said["ticket_id"]).await;
    assert_eq!(ticket["messages"][0]["text"], text.replace('\0', "\u{FFFD}"));
});

both!(too_many_requests_are_told_when_to_come_again, async |app: App| {
    let options =
        Options { config: vec![("RATE_LIMIT_PER_KEY", "3".into())], ..Options::default() };
    let app = app.restart(options).await;
    for _ in 0..3 {
        app.http.say("anna", "привет").await;
    }
    let refused = app.http.message(json!({ "user_identifier": "anna", "text": "привет" })).await;
    refused.refused(429);
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
});

both!(a_channel_that_is_off_asks_to_come_again, async |app: App| {
    app.http.patch("/api/channels/api", json!({ "is_active": false })).await.expect(200);
    let refused = app.http.message(json!({ "user_identifier": "anna", "text": "привет" })).await;
    refused.refused(503);
    assert!(refused.headers.contains_key("retry-after"));
    app.http.patch("/api/channels/api", json!({ "is_active": true })).await.expect(200);
    app.http.say("anna", "привет").await;
});

/// A small picture of our own.
fn png() -> Vec<u8> {
    let picture = image::RgbImage::from_pixel(8, 6, image::Rgb([10, 20, 30]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}
