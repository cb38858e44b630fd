//! No secret, message or address is in any log line, however much is logged.

use std::fs;
use std::path::Path;

use reqwest::Method;
use serde_json::json;

use crate::harness::{API_TOKEN, Client, EXTERNAL_KEY, Kind, Place};

const MESSAGE: &str = "/tickets/api/external/message/";
const IDENTITY: &str = "identity-secret-for-tests-0123456789abcdef";
const WRONG: &str = "wrong-key-for-tests-0123456789abcdefghijk";
const BODY: &str = "Секретный-текст-обращения: не работает интернет";
const NAME: &str = "Секретное-Имя-Клиента";
const EMAIL: &str = "secret.customer@example.com";
const PHONE: &str = "+77015550199";
const IDEMPOTENCY: &str = "secret-idempotency-key-0123456789";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_told_by_the_log_on_sqlite() {
    keep_quiet(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_told_by_the_log_on_postgres() {
    keep_quiet(Kind::Postgres).await;
}

async fn keep_quiet(kind: Kind) {
    let mut place = Place::new(kind).await;
    place
        .set("RUST_LOG", "trace")
        .set("LOG_FORMAT", "json")
        .set("LOG_FILE", "logs/centrium.log")
        .set("IDENTITY_SECRET", IDENTITY);
    let mut secrets =
        vec![EXTERNAL_KEY, API_TOKEN, IDENTITY, WRONG, BODY, NAME, EMAIL, PHONE, IDEMPOTENCY];
    let url = url::Url::parse(&place.database.url()).unwrap();
    secrets.extend(url.password());

    let engine = place.start().await;
    talk(&engine.http).await;
    engine.terminate().await;

    assert_eq!(place.stdout(), "", "the keys are configured: there is nothing to show");
    let screen = place.stderr();
    let file = all_files(&place.folder.path().join("logs"));
    for (place, text) in [("the terminal", &screen), ("the log file", &file)] {
        let lines = text.lines().count();
        eprintln!("{kind:?}: {lines} lines in {place}");
        assert!(text.contains("engine.started") && text.contains("DEBUG"), "{place} has a log");
        for secret in &secrets {
            let told: Vec<_> = text.lines().filter(|line| tells(line, secret)).collect();
            assert!(told.is_empty(), "{} lines with {secret}: {}", told.len(), told[0]);
        }
    }
}

/// In the ways that a debugging line would write it: as it is, escaped, or as a list of bytes.
fn tells(line: &str, secret: &str) -> bool {
    let bytes: Vec<_> = secret.bytes().map(|byte| byte.to_string()).collect();
    let escaped = secret.escape_default().to_string();
    let ascii = secret.as_bytes().escape_ascii().to_string();
    let doubly = ascii.replace('\\', "\\\\");
    [secret, &escaped, &ascii, &doubly, &bytes.join(", ")].iter().any(|way| line.contains(*way))
}

/// Right and wrong keys in all places, whole and broken bodies.
async fn talk(http: &Client) {
    let body = json!({
        "user_identifier": EMAIL, "text": BODY, "external_id": "crm-1",
        "metadata": { "full_name": NAME, "email": EMAIL, "phone": PHONE, "note": BODY },
    });
    http.message_once(IDEMPOTENCY, body.clone()).await.expect(200);
    http.message_once(IDEMPOTENCY, body.clone()).await.expect(200);
    http.message_once(IDEMPOTENCY, json!({ "user_identifier": EMAIL, "text": NAME }))
        .await
        .refused(409);
    let post = |path: &str| http.plain(Method::POST, path);
    for key in [EXTERNAL_KEY, API_TOKEN, IDENTITY, WRONG] {
        let right = key == EXTERNAL_KEY;
        let mut inside = body.clone();
        inside["api_key"] = json!(key);
        let query = format!("{MESSAGE}?api_key={key}&token={key}");
        for (request, right) in [
            (post(MESSAGE).json(&body).header("X-API-Key", key), right),
            (post(MESSAGE).json(&body).bearer_auth(key), right),
            (post(MESSAGE).json(&body).basic_auth(key, Some(key)), false),
            (post(MESSAGE).json(&inside), right),
            (post(&query).json(&body), false),
        ] {
            let answer = http.send(request).await;
            assert_eq!(answer.status == 200, right, "{answer:?}");
        }
        // Broken JSON with the key and the text inside, and a body that is cut off.
        let broken =
            format!("{{\"api_key\":\"{key}\",\"user_identifier\":\"{EMAIL}\",\"text\":\"{BODY}");
        http.send(post(MESSAGE).body(broken.clone())).await.refused(400);
        http.send(post(MESSAGE).body(broken).header("X-API-Key", EXTERNAL_KEY)).await.refused(400);
        let get = |path: String| http.plain(Method::GET, &path);
        for request in [
            get("/metrics".into()).bearer_auth(key),
            get(format!("/metrics?token={key}")),
            get(format!("/tickets/api/external/tickets/{key}/")).header("X-API-Key", key),
            get(format!("/{key}/{EMAIL}")),
            get(format!("/ws?token={key}")),
        ] {
            http.send(request).await;
        }
    }
}

fn all_files(folder: &Path) -> String {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[tokio::test]
async fn a_wrong_database_password_is_refused_without_it() {
    let mut place = Place::new(Kind::Postgres).await;
    let mut url = url::Url::parse(&place.database.url()).unwrap();
    let wrong = "wrong-database-password-0123456789";
    url.set_password(Some(wrong)).unwrap();
    let right = url::Url::parse(&place.database.url()).unwrap().password().unwrap().to_owned();
    place.set("DATABASE_URL", url).set("RUST_LOG", "trace").set("LOG_FORMAT", "json");
    let ended = place.run(&["serve"]).await;
    assert!(!tells(&ended.stderr, wrong) && !tells(&ended.stderr, &right), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    let sentence = ended.refused();
    assert!(sentence.contains("password"), "{sentence}");
}
