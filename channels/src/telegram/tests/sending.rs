//! Answers on their way to Telegram.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::{USER, channel, webhook};
use crate::telegram::Telegram;
use crate::testing::telegram::FakeTelegram;
use crate::{Attachment, Channel, Content, Kind, Outgoing, Retry};

fn out(text: &str) -> Outgoing {
    Outgoing {
        key: "centrium-7".to_owned(),
        ticket_id: 1,
        conversation: Some(USER.to_string()),
        recipient: USER.to_string(),
        in_reply_to: Some(format!("4242:{USER}:1")),
        subject: None,
        text: text.to_owned(),
        language: "ru".to_owned(),
        offers_operator: false,
        attachments: Vec::new(),
    }
}

fn file(name: &str, media_type: &str) -> Attachment {
    let content = Content::File(media_type.to_owned());
    Attachment { name: name.to_owned(), content, bytes: Bytes::from_static(b"\x89PNG\r\n--") }
}

async fn start() -> (std::sync::Arc<FakeTelegram>, std::sync::Arc<Telegram>) {
    let fake = FakeTelegram::start().await;
    // The customer has written, so that the bot may answer.
    fake.says(USER, "Good day!");
    let channel = channel(&fake, webhook());
    (fake, channel)
}

#[tokio::test]
async fn an_answer_is_plain_text_without_previews() {
    let (fake, channel) = start().await;
    let text = "<b>1 < 2</b> *и* [ссылка](https://example.com) 👩‍👩‍👧";
    let sent = channel.send(&out(text)).await.unwrap();
    assert_eq!(sent.external_id.as_deref(), Some("4242:77:2"));
    let parameters = json!({
        "chat_id": USER, "text": text, "link_preview_options": {"is_disabled": true},
    });
    assert_eq!(fake.sent()[0].parameters, parameters);
}

#[tokio::test]
async fn the_assistants_answer_has_a_button_under_its_last_piece() {
    let (fake, channel) = start().await;
    let text = format!("{}\n\n{}", "а".repeat(4_000), "б".repeat(4_000));
    channel.send(&Outgoing { offers_operator: true, ..out(&text) }).await.unwrap();
    let sent = fake.sent();
    assert_eq!(sent.len(), 2);
    assert!(sent[0].parameters.get("reply_markup").is_none());
    let button = json!([[{"text": "Позвать оператора", "callback_data": "operator"}]]);
    assert_eq!(sent[1].parameters["reply_markup"]["inline_keyboard"], button);
}

#[tokio::test]
async fn a_short_wait_between_two_pieces_is_waited_for() {
    let (fake, channel) = start().await;
    fake.set_pace(Some(Duration::from_millis(200)));
    let text = format!("{}\n\n{}", "а".repeat(4_000), "б".repeat(4_000));
    channel.send(&out(&text)).await.unwrap();
    assert_eq!(fake.texts_to(USER), ["а".repeat(4_000), "б".repeat(4_000)]);
    assert_eq!(fake.calls("sendMessage").len(), 3, "the second piece was asked to wait");

    let early = channel.send(&Outgoing { key: "centrium-8".to_owned(), ..out("Ещё") }).await;
    let early = early.unwrap_err();
    assert_eq!((early.kind, early.retry), (Kind::TooMany, Retry::After(Duration::from_secs(1))));
}

#[tokio::test]
async fn a_second_try_goes_on_where_the_first_one_stopped() {
    let (fake, channel) = start().await;
    fake.set_pace(Some(Duration::from_secs(60)));
    let text = format!("{}\n\n{}", "а".repeat(4_000), "б".repeat(4_000));
    let late = channel.send(&out(&text)).await.unwrap_err();
    assert_eq!(late.retry, Retry::After(Duration::from_secs(60)));
    fake.set_pace(None);
    channel.send(&out(&text)).await.unwrap();
    assert_eq!(fake.texts_to(USER), ["а".repeat(4_000), "б".repeat(4_000)]);
}

#[tokio::test]
async fn files_follow_their_words() {
    let (fake, channel) = start().await;
    let attachments = vec![file("a.png", "image/png"), file("счёт \"1\".pdf", "application/pdf")];
    channel.send(&Outgoing { attachments, ..out("Вот файлы") }).await.unwrap();
    let sent = fake.sent();
    let methods: Vec<_> = sent.iter().map(|sent| sent.method.as_str()).collect();
    assert_eq!(methods, ["sendMessage", "sendPhoto", "sendDocument"]);
    let (name, bytes) = sent[2].file.clone().unwrap();
    assert_eq!((name.as_str(), &bytes[..]), ("счёт %221%22.pdf", &b"\x89PNG\r\n--"[..]));
}

#[tokio::test]
async fn one_file_with_few_words_is_one_call() {
    let (fake, channel) = start().await;
    let attachments = vec![file("a.pdf", "application/pdf")];
    channel.send(&Outgoing { attachments: attachments.clone(), ..out("Счёт") }).await.unwrap();
    channel.send(&Outgoing { attachments, ..out("") }).await.unwrap();
    let sent = fake.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!((sent[0].method.as_str(), sent[0].text.as_str()), ("sendDocument", "Счёт"));
    assert!(sent[1].parameters.get("caption").is_none());
}

#[tokio::test]
async fn what_telegram_refuses_for_good_is_not_tried_again() {
    let (fake, channel) = start().await;
    let empty = channel.send(&out(" ")).await.unwrap_err();
    assert_eq!(empty.retry, Retry::Never);
    assert_eq!(empty.sentence, "Telegram refuses the message: Bad Request: message text is empty.");
    let stranger = Outgoing { conversation: Some("99".to_owned()), ..out("Hello") };
    let unknown = channel.send(&stranger).await.unwrap_err();
    assert!(unknown.sentence.contains("must write to this bot first"), "{unknown}");
    fake.block(USER);
    let blocked = channel.send(&out("Hello")).await.unwrap_err();
    assert_eq!(blocked.retry, Retry::Never);
    assert_eq!(blocked.sentence, "The customer has blocked the bot.");
    let nowhere = Outgoing { conversation: None, recipient: "anna".to_owned(), ..out("Hello") };
    assert_eq!(channel.send(&nowhere).await.unwrap_err().retry, Retry::Never);
}

#[tokio::test]
async fn a_server_in_trouble_is_tried_again() {
    let (fake, channel) = start().await;
    fake.set_down(true);
    let away = channel.send(&out("Hello")).await.unwrap_err();
    assert_eq!((away.kind, away.retry), (Kind::Unavailable, Retry::Later));
    fake.set_down(false);
    fake.refuse_next(500, "Internal Server Error", None);
    let broken = channel.send(&out("Hello")).await.unwrap_err();
    assert_eq!(broken.retry, Retry::Later);
    channel.send(&out("Hello")).await.unwrap();
}

#[tokio::test]
async fn a_group_that_became_another_chat_is_followed() {
    let (fake, channel) = start().await;
    fake.move_chat(-5, -1_005);
    let group = Outgoing {
        conversation: Some("-5".to_owned()),
        in_reply_to: Some("4242:-5:8".to_owned()),
        ..out("Hello")
    };
    let sent = channel.send(&group).await.unwrap();
    assert_eq!(sent.external_id.as_deref(), Some("4242:-1005:1"));
    let reply = json!({"message_id": 8, "allow_sending_without_reply": true});
    assert_eq!(fake.sent()[0].parameters["reply_parameters"], reply);
}
