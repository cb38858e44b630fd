//! `centrium set-webhook`.

use centrium_channels::testing::telegram::{FakeTelegram, TOKEN};
use serde_json::json;

use crate::harness::{Kind, Place};

async fn place(fake: &FakeTelegram) -> Place {
    let mut place = Place::new(Kind::Sqlite).await;
    place.set("TELEGRAM_BOT_TOKEN", TOKEN).set("TELEGRAM_API_URL", &fake.url);
    place
}

#[tokio::test]
async fn telegram_is_told_where_to_call_and_with_which_secret() {
    let fake = FakeTelegram::start().await;
    let place = place(&fake).await;
    let said = place.run(&["set-webhook", "telegram", "https://help.example.com"]).await.ok();
    let webhook = fake.webhook().unwrap();
    let secret = webhook["secret_token"].as_str().unwrap();
    assert!(secret.len() > 40);
    assert!(said.ends_with(&format!("TELEGRAM_WEBHOOK_SECRET={secret}\n")), "{said}");
    let url = "https://help.example.com/tickets/api/telegram/webhook/";
    assert!(said.starts_with(&format!("Telegram calls {url}.\nNo update waits.\n")), "{said}");
    assert_eq!(webhook["url"], url);
    assert_eq!(webhook["allowed_updates"], json!(["message", "edited_message", "callback_query"]));
    assert_eq!(webhook["max_connections"], 40);
}

#[tokio::test]
async fn a_secret_that_is_configured_is_used_and_not_shown() {
    let fake = FakeTelegram::start().await;
    let mut place = place(&fake).await;
    place.set("TELEGRAM_WEBHOOK_SECRET", "swordfish").set("PUBLIC_URL", "https://a.example");
    let said = place.run(&["set_webhook", "telegram"]).await.ok();
    assert!(!said.contains("swordfish"), "{said}");
    assert_eq!(fake.webhook().unwrap()["secret_token"], "swordfish");
}

#[tokio::test]
async fn what_does_not_work_is_said_in_one_sentence_without_the_token() {
    let fake = FakeTelegram::start().await;
    let mut place = place(&fake).await;
    let arguments = ["set-webhook", "telegram"];
    let refused = place.run(&arguments).await.refused();
    assert!(refused.contains("An HTTPS URL must be provided"), "{refused}");

    place.set("PUBLIC_URL", "https://a.example").set("TELEGRAM_BOT_TOKEN", "1:swordfish");
    let refused = place.run(&arguments).await.refused();
    assert!(refused.contains("does not know this bot's token"), "{refused}");
    assert!(!refused.contains("swordfish"), "{refused}");

    place.set("TELEGRAM_API_URL", "http://127.0.0.1:1");
    let refused = place.run(&arguments).await.refused();
    assert!(refused.contains("can't be reached") && !refused.contains("swordfish"), "{refused}");

    place.set("TELEGRAM_MODE", "polling");
    let refused = place.run(&arguments).await.refused();
    assert!(refused.contains("TELEGRAM_MODE is polling"), "{refused}");

    place.unset("TELEGRAM_BOT_TOKEN");
    let refused = place.run(&arguments).await.refused();
    assert!(refused.contains("set TELEGRAM_BOT_TOKEN"), "{refused}");
}
