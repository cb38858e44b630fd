//! What the webhook does with what it is given.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use serde_json::json;

use super::{SECRET, USER, call, channel, request, take, until, webhook};
use crate::telegram::{BODY_LIMIT, Mode, PATH};
use crate::testing::telegram::FakeTelegram;
use crate::testing::{Call, ScriptedInbox};
use crate::{Content, Error, Kind};

#[tokio::test]
async fn without_the_secret_nothing_is_taken() {
    let fake = FakeTelegram::start().await;
    let channel = channel(&fake, webhook());
    let body = || Body::from(fake.says(USER, "Good day!").to_string());
    let inbox = ScriptedInbox::new();
    let longer = format!("{SECRET}x");
    for shown in [None, Some(""), Some("wrong"), Some(longer.as_str()), Some(&SECRET[1..])] {
        let mut request = Request::post(PATH);
        if let Some(shown) = shown {
            request = request.header("X-Telegram-Bot-Api-Secret-Token", shown);
        }
        let refused = call(&channel, &inbox, request.body(body()).unwrap()).await.unwrap_err();
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(inbox.callers().len(), 5, "each counts against its address");
    let often = Error::new(Kind::TooMany, "Too many requests.").after(Duration::from_secs(3));
    inbox.fail_next(Call::Authorize, often);
    let refused = call(&channel, &inbox, Request::post(PATH).body(body()).unwrap()).await;
    assert_eq!(refused.unwrap_err().status, StatusCode::TOO_MANY_REQUESTS);
    assert!(inbox.accepted().is_empty() && inbox.quarantined().is_empty());
}

#[tokio::test]
async fn where_none_is_set_none_is_asked_for() {
    let fake = FakeTelegram::start().await;
    let channel = channel(&fake, Mode::Webhook { secret: None, url: None });
    let inbox = ScriptedInbox::new();
    let body = Body::from(fake.says(USER, "Good day!").to_string());
    call(&channel, &inbox, Request::post(PATH).body(body).unwrap()).await.unwrap();
    assert_eq!(inbox.accepted().len(), 1);
}

#[tokio::test]
async fn a_body_may_have_1_mib() {
    let fake = FakeTelegram::start().await;
    let (channel, inbox) = (channel(&fake, webhook()), ScriptedInbox::new());
    let mut body = fake.says(USER, "Good day!").to_string();
    body.push_str(&" ".repeat(BODY_LIMIT - body.len()));
    assert_eq!(call(&channel, &inbox, request(body.clone())).await, Ok(StatusCode::OK));
    let refused = call(&channel, &inbox, request(format!("{body} "))).await.unwrap_err();
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(inbox.accepted().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_understood_is_kept_and_acknowledged() {
    let fake = FakeTelegram::start().await;
    let (channel, inbox) = (channel(&fake, webhook()), ScriptedInbox::new());
    let strange = fake.message(USER, json!({"hologram": {}}));
    take(&channel, &inbox, &strange).await;
    take(&channel, &inbox, &json!({"update_id": 5, "message": {"text": 7}})).await;
    let kept = inbox.quarantined();
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0], ("The message holds nothing known.".into(), strange.to_string().into()));

    inbox.fail_next(Call::Accept, Error::new(Kind::Invalid, "The text is too long."));
    take(&channel, &inbox, &fake.says(USER, "Good day!")).await;
    assert_eq!(inbox.quarantined()[2].0, "The text is too long.");

    inbox.fail_next(Call::Quarantine, Error::new(Kind::Unavailable, "The store is away."));
    let refused = call(&channel, &inbox, request("garbage")).await.unwrap_err();
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_command_is_answered_once_and_makes_no_message() {
    let fake = FakeTelegram::start().await;
    let (channel, inbox) = (channel(&fake, webhook()), ScriptedInbox::new());
    let start = fake.command(USER, "/start");
    take(&channel, &inbox, &start).await;
    take(&channel, &inbox, &start).await;
    take(&channel, &inbox, &fake.command(USER, "/help")).await;
    until(|| fake.sent().len() == 2).await;
    let mut texts = fake.texts_to(USER);
    texts.sort();
    assert_eq!(texts, ["Greeting in ru", "Help in ru"]);
    let keyboard = &fake.sent()[0].parameters["reply_markup"]["keyboard"];
    assert_eq!(keyboard[0][0]["request_contact"], true);
    assert!(inbox.accepted().is_empty());

    inbox.fail_next(Call::IsFirst, Error::new(Kind::Unavailable, "The store is away."));
    let body = fake.command(USER, "/start").to_string();
    assert!(call(&channel, &inbox, request(body)).await.is_err(), "it comes again");
}

#[tokio::test]
async fn a_message_is_seen_to_be_worked_on_and_a_button_is_released() {
    let fake = FakeTelegram::start().await;
    let (channel, inbox) = (channel(&fake, webhook()), ScriptedInbox::new());
    take(&channel, &inbox, &fake.says(USER, "Good day!")).await;
    until(|| fake.calls("sendChatAction").len() == 1).await;
    assert_eq!(fake.calls("sendChatAction")[0], json!({"chat_id": USER, "action": "typing"}));
    take(&channel, &inbox, &fake.presses(USER, 31, "operator")).await;
    take(&channel, &inbox, &fake.presses(USER, 31, "operator")).await;
    until(|| fake.calls("answerCallbackQuery").len() == 2).await;
    assert!(inbox.accepted()[2].receipt.duplicate, "pressed twice, it calls once");
}

#[tokio::test]
async fn a_file_comes_with_its_message() {
    let fake = FakeTelegram::start().await;
    let (channel, inbox) = (channel(&fake, webhook()), ScriptedInbox::new());
    fake.put_file("f1", Bytes::from_static(b"%PDF-1.7"));
    let document = json!({"file_id": "f1", "file_unique_id": "u", "file_name": "a.pdf",
        "mime_type": "application/pdf"});
    take(&channel, &inbox, &fake.message(USER, json!({"document": document}))).await;
    let message = inbox.accepted().remove(0).message;
    assert_eq!(message.attachments.len(), 1);
    assert_eq!(message.attachments[0].name, "a.pdf");
    assert_eq!(message.attachments[0].content, Content::File("application/pdf".into()));
    assert_eq!(&message.attachments[0].bytes[..], b"%PDF-1.7");
}

#[tokio::test]
async fn a_message_is_never_lost_because_its_file_is() {
    let fake = FakeTelegram::start().await;
    let (channel, inbox) = (channel(&fake, webhook()), ScriptedInbox::new());
    fake.lose_file("lost");
    let mib = 1024 * 1024;
    let photo = |id: &str, size: u64| json!([{"file_id": id, "file_unique_id": "u", "width": 9, "height": 6, "file_size": size}]);
    for (fields, text) in [
        (json!({"photo": photo("lost", 9)}), "📷 photo.jpg ✗"),
        (json!({"photo": photo("of-another-bot", 9), "caption": "Вот"}), "Вот\n📷 photo.jpg ✗"),
        (json!({"photo": photo("huge", 21 * mib)}), "📷 photo.jpg ✗"),
        (json!({"voice": {"file_id": "lost", "file_unique_id": "u"}}), "🎤 voice.ogg ✗"),
    ] {
        take(&channel, &inbox, &fake.message(USER, fields)).await;
        let message = inbox.accepted().pop().unwrap().message;
        assert_eq!((message.text.as_str(), message.attachments.len()), (text, 0));
    }
    until(|| fake.sent().len() == 4).await;
    let told = fake.texts_to(USER);
    assert_eq!(told.iter().filter(|text| *text == "FileTooLarge in ru").count(), 1);
    assert_eq!(told.iter().filter(|text| *text == "FileLost in ru").count(), 3);
}

#[tokio::test]
async fn the_bots_name_is_asked_only_where_it_is_needed() {
    let fake = FakeTelegram::start().await;
    let (channel, inbox) = (channel(&fake, webhook()), ScriptedInbox::new());
    take(&channel, &inbox, &fake.says(USER, "Good day!")).await;
    assert!(fake.calls("getMe").is_empty());
    let group = json!({"id": -5, "type": "group", "title": "Жильцы"});
    let entity = json!({"type": "mention", "offset": 0, "length": 14});
    let fields = json!({"text": "@help_test_bot где счёт?", "entities": [entity]});
    fake.set_down(true);
    let update = fake.message_in(&group, USER, fields);
    let refused = call(&channel, &inbox, request(update.to_string())).await.unwrap_err();
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "it comes again");
    fake.set_down(false);
    take(&channel, &inbox, &update).await;
    take(&channel, &inbox, &update).await;
    assert_eq!(fake.calls("getMe").len(), 1);
    assert_eq!(inbox.accepted()[1].message.conversation.as_deref(), Some("-5"));
}
