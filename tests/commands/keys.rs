//! `centrium keys`, and the keys of the first start.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::harness::{Client, Kind, Place};

const MESSAGE: &str = "/tickets/api/external/message/";
/// How soon a running engine follows a command.
const SOON: Duration = Duration::from_secs(5);

async fn without_keys() -> Place {
    let mut place = Place::new(Kind::Sqlite).await;
    place.unset("EXTERNAL_API_KEY").unset("API_TOKEN").set("RUST_LOG", "trace");
    place
}

/// The value after `NAME=`, in the order in which they are printed.
fn values(text: &str, name: &str) -> Vec<String> {
    let rest = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    rest.map(|rest| rest.split_whitespace().next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_first_start_prints_its_keys_once_and_keeps_them_for_the_owner() {
    let place = without_keys().await;
    place.start().await.terminate().await;
    let printed = place.stdout();
    let external = values(&printed, "EXTERNAL_API_KEY");
    let token = values(&printed, "API_TOKEN");
    assert_eq!((external.len(), token.len(), printed.lines().count()), (1, 1, 2), "{printed}");
    assert!(external[0].len() >= 32 && token[0].len() >= 32);
    let file = place.data_dir().join("keys.env");
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);

    let engine = place.start().await;
    assert_eq!(place.stdout(), printed, "a restart prints nothing");
    assert!(!place.stderr().contains(&external[0]) && !place.stderr().contains(&token[0]));
    assert_eq!(post(&engine.http, &external[0]).await, 200);
    assert_eq!(metrics(&engine.http, &token[0]).await, 200);
    let shown = place.run(&["keys", "show"]).await.ok();
    assert_eq!(values(&shown, "EXTERNAL_API_KEY"), external);
    assert_eq!(values(&shown, "API_TOKEN"), token);
    engine.terminate().await;
}

#[tokio::test]
async fn a_running_engine_follows_a_rotation() {
    let place = without_keys().await;
    let engine = place.start().await;
    let old = values(&place.stdout(), "EXTERNAL_API_KEY").remove(0);
    let rotated = place.run(&["keys", "rotate", "EXTERNAL_API_KEY"]).await.ok();
    let new = values(&rotated, "EXTERNAL_API_KEY").remove(0);
    assert_ne!(old, new);
    until(200, async || post(&engine.http, &new).await).await;
    assert_eq!(post(&engine.http, &old).await, 200, "both work while one replaces the other");
    place.run(&["keys", "rotate", "--drop-old"]).await.ok();
    until(401, async || post(&engine.http, &old).await).await;
    assert_eq!(post(&engine.http, &new).await, 200);
    engine.terminate().await;
}

#[tokio::test]
async fn an_added_key_opens_what_its_scope_says_until_it_is_removed() {
    let place = without_keys().await;
    let engine = place.start().await;
    let added = place.run(&["keys", "add", "crm", "--scope", "external"]).await.ok();
    let crm = values(&added, "crm").remove(0);
    let added = place.run(&["keys", "add", "dashboard", "--scope", "read"]).await.ok();
    let dashboard = values(&added, "dashboard").remove(0);
    until(200, async || post(&engine.http, &crm).await).await;
    until(200, async || metrics(&engine.http, &dashboard).await).await;
    assert_eq!(post(&engine.http, &dashboard).await, 401);
    assert_eq!(metrics(&engine.http, &crm).await, 401);

    let twice = place.run(&["keys", "add", "crm", "--scope", "read"]).await.refused();
    assert!(twice.contains("crm already"), "{twice}");
    let shown = place.run(&["keys", "show"]).await.ok();
    assert!(shown.contains("crm (scope external") && !shown.contains(&crm), "{shown}");

    place.run(&["keys", "remove", "crm"]).await.ok();
    until(401, async || post(&engine.http, &crm).await).await;
    let gone = place.run(&["keys", "remove", "crm"]).await.refused();
    assert!(gone.contains("no key called crm"), "{gone}");
    engine.terminate().await;
}

#[tokio::test]
async fn a_configured_key_is_not_the_commands_to_rotate() {
    let place = Place::new(Kind::Sqlite).await;
    let sentence = place.run(&["keys", "rotate", "API_TOKEN"]).await.refused();
    assert!(sentence.contains("API_TOKEN"), "{sentence}");
}

async fn post(http: &Client, key: &str) -> u16 {
    let body = json!({ "user_identifier": "anna", "text": "не работает интернет" });
    let request = http.plain(Method::POST, MESSAGE).header("X-API-Key", key).json(&body);
    http.send(request).await.status.as_u16()
}

async fn metrics(http: &Client, key: &str) -> u16 {
    http.send(http.plain(Method::GET, "/metrics").bearer_auth(key)).await.status.as_u16()
}

async fn until(wanted: u16, ask: impl AsyncFn() -> u16) {
    let answered = async {
        while ask().await != wanted {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(SOON, answered).await.expect("the engine follows within 5 s");
}
