//! What keeps the engine from starting: one sentence that names it, and a status other than 0.

use std::net::TcpListener;

use crate::harness::{Kind, Place, free_address};

#[tokio::test]
async fn a_half_configured_channel_is_named_with_what_is_missing() {
    for (set, value, missing) in [
        ("TELEGRAM_SUPPORT_BOT_TOKEN", "1:swordfish", "TELEGRAM_ADMIN_CHAT_ID"),
        ("TELEGRAM_ADMIN_CHAT_ID", "-1001", "TELEGRAM_SUPPORT_BOT_TOKEN"),
        ("SUPPORT_EMAIL", "help@example.com", "EMAIL_IMAP_SERVER"),
        ("WHATSAPP_ACCESS_TOKEN", "swordfish", "WHATSAPP_VERIFY_TOKEN"),
        ("HMAC_SECRET", "swordfish", "SITE_WS_URL"),
        ("SITE_WS_URL", "wss://example.com/ws", "HMAC_SECRET"),
    ] {
        let mut place = Place::new(Kind::Sqlite).await;
        let sentence = place.set(set, value).run(&[]).await.refused();
        assert!(sentence.contains(set) && sentence.contains(missing), "{sentence}");
        assert!(!sentence.contains("swordfish"), "{sentence}");
    }
}

#[tokio::test]
async fn a_value_against_its_rule_is_refused_by_name_and_not_shown() {
    for (name, value) in [
        ("EXTERNAL_API_KEY", "swordfish"),
        ("API_TOKEN", "swordfish-0123456789-0123456789-0123456789,swordfish"),
        ("LISTEN", "swordfish"),
        ("DATABASE_URL", "swordfish://localhost"),
        ("ATTACHMENTS_URL", "swordfish://localhost"),
        ("RATE_LIMIT_PER_KEY", "swordfish"),
        ("RUST_LOG", "centrium=swordfish=swordfish"),
        ("LOG_FORMAT", "swordfish"),
        ("TRUSTED_PROXIES", "swordfish"),
        ("DEFAULT_LANGUAGE", "swordfish"),
    ] {
        let mut place = Place::new(Kind::Sqlite).await;
        let sentence = place.set(name, value).run(&[]).await.refused();
        assert!(sentence.contains(name), "{name}: {sentence}");
        assert!(!sentence.contains("swordfish"), "{name}: {sentence}");
    }
}

#[tokio::test]
async fn an_unknown_option_in_the_file_is_named() {
    let place = Place::new(Kind::Sqlite).await;
    let file = place.folder.path().join("centrium.toml");
    std::fs::write(&file, "company_nmae = \"Centrium\"\n").unwrap();
    let sentence = place.run(&[]).await.refused();
    assert!(sentence.contains("company_nmae") && sentence.contains("centrium.toml"), "{sentence}");
    std::fs::remove_file(file).unwrap();
    let sentence = place.run(&["--config", "absent.toml"]).await.refused();
    assert!(sentence.contains("absent.toml"), "{sentence}");
}

#[tokio::test]
async fn a_folder_that_can_not_be_used_is_named() {
    let mut place = Place::new(Kind::Sqlite).await;
    let blocked = place.folder.path().join("a-file");
    std::fs::write(&blocked, "").unwrap();
    let inside = blocked.join("data");
    let sentence = place.set("DATA_DIR", inside.display()).run(&[]).await.refused();
    let shown = inside.display().to_string();
    assert!(sentence.contains("DATA_DIR") && sentence.contains(&shown), "{sentence}");
}

#[tokio::test]
async fn a_database_that_can_not_be_opened_is_named() {
    let mut place = Place::new(Kind::Sqlite).await;
    let folder = place.folder.path().display().to_string();
    let sentence = place.set("DATABASE_URL", format!("sqlite://{folder}")).run(&[]).await.refused();
    assert!(sentence.contains("DATABASE_URL") && sentence.contains(&folder), "{sentence}");
    let nobody = free_address();
    let url = format!("postgres://centrium:swordfish@{nobody}/centrium");
    let sentence = place.set("DATABASE_URL", url).run(&[]).await.refused();
    assert!(sentence.contains("DATABASE_URL") && sentence.contains(&nobody), "{sentence}");
    assert!(!sentence.contains("swordfish"), "{sentence}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let mut place = Place::new(Kind::Sqlite).await;
    let address = free_address();
    let _taken = TcpListener::bind(&address).unwrap();
    let sentence = place.set("LISTEN", &address).run(&[]).await.refused();
    assert!(sentence.contains("LISTEN") && sentence.contains(&address), "{sentence}");
}
