//! Who calls: what belongs to one API key, and how those who show none are counted.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, App, EXTERNAL_KEY, Options, both};
use centrium::keys::digest;
use centrium::store::keys::{self, ApiKey};

const MESSAGE: &str = "/tickets/api/external/message/";
const SHOP: &str = "the-key-of-a-shop-0123456789abcdefgh";
const NEW_SHOP: &str = "the-new-key-of-a-shop-0123456789abcd";

/// As `centrium keys add NAME --scope external` does it, after `keys remove` where there is one.
async fn add_key(app: &App, name: &str, value: &str) {
    let tx = app.engine.store.begin().await.unwrap();
    keys::remove(&tx, name).await.unwrap();
    let scope = String::from("external");
    let row = ApiKey { name: name.into(), scope, digest: digest(value), created_at: 1 };
    keys::insert(&tx, &row).await.unwrap();
    tx.commit().await.unwrap();
}

async fn message(app: &App, api_key: &str, text: &str) -> Answer {
    let request = app.http.plain(Method::POST, MESSAGE).header("X-API-Key", api_key);
    let body = json!({ "user_identifier": "anna", "text": text });
    app.http.send(request.header("Idempotency-Key", "1").json(&body)).await
}

async fn said(app: &App, api_key: &str, text: &str) -> Value {
    message(app, api_key, text).await.expect(200)
}

both!(every_api_key_has_idempotency_keys_of_its_own, async |app: App| {
    add_key(&app, "shop", SHOP).await;
    add_key(&app, "EXTERNAL_API_KEY", NEW_SHOP).await;
    let crm = said(&app, EXTERNAL_KEY, "интернет не работает").await;
    let shop = said(&app, SHOP, "где мой заказ").await;
    let third = said(&app, NEW_SHOP, "где мой счёт").await;
    assert!(crm["message_id"] != shop["message_id"] && crm["message_id"] != third["message_id"]);
    assert_eq!(said(&app, EXTERNAL_KEY, "интернет не работает").await, crm);
    assert_eq!(said(&app, SHOP, "где мой заказ").await, shop);
    message(&app, SHOP, "интернет не работает").await.refused(409);
});

both!(two_callers_at_once_do_not_get_each_others_answers, async |app: App| {
    add_key(&app, "shop", SHOP).await;
    for _ in 0..4 {
        let crm = said(&app, EXTERNAL_KEY, "интернет не работает");
        let (crm, shop) = futures_util::join!(crm, said(&app, SHOP, "интернет не работает"));
        assert_ne!(crm["message_id"], shop["message_id"]);
    }
});

both!(a_repeat_is_known_after_a_restart_and_after_a_rotation, async |app: App| {
    add_key(&app, "shop", SHOP).await;
    let crm = said(&app, EXTERNAL_KEY, "интернет не работает").await;
    let shop = said(&app, SHOP, "где мой заказ").await;

    let new = "the-new-external-key-0123456789abcdefg";
    let rotated = vec![("EXTERNAL_API_KEY", format!("{new},{EXTERNAL_KEY}"))];
    let app = app.restart(Options { config: rotated, ..Options::default() }).await;
    assert_eq!(said(&app, new, "интернет не работает").await, crm);
    assert_eq!(said(&app, EXTERNAL_KEY, "интернет не работает").await, crm);
    assert_eq!(said(&app, SHOP, "где мой заказ").await, shop);

    add_key(&app, "shop", NEW_SHOP).await;
    assert_eq!(said(&app, NEW_SHOP, "где мой заказ").await, shop);
});

async fn few_guesses(app: App) -> App {
    let config = vec![("RATE_LIMIT_PER_IP", String::from("3"))];
    app.restart(Options { config, ..Options::default() }).await
}

both!(unknown_addresses_count_against_their_caller, async |app: App| {
    let app = few_guesses(app).await;
    for path in ["/nothing", "/.env", "/tickets/api/nothing/"] {
        app.http.send(app.http.plain(Method::GET, path)).await.refused(404);
    }
    let refused = app.http.send(app.http.plain(Method::GET, "/wp-login.php")).await;
    refused.refused(429);
    assert!(refused.headers.contains_key("retry-after"));
    app.http.get("/api/tickets").await.expect(200);
    let health = app.http.send(app.http.plain(Method::GET, "/healthz")).await;
    assert_eq!(health.status, 200, "what is counted by nobody stays so");
});

both!(wrong_methods_count_as_well, async |app: App| {
    let app = few_guesses(app).await;
    for path in ["/api/tickets/1/join", "/tickets/api/status/", MESSAGE] {
        app.http.send(app.http.plain(Method::PUT, path)).await.refused(405);
    }
    app.http.send(app.http.plain(Method::PUT, MESSAGE)).await.refused(429);
});
