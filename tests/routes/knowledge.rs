//! `/api/knowledge`

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{API_TOKEN, App, EXTERNAL_KEY, both};

const ALL: &str = "/api/knowledge";

fn refund() -> Value {
    json!({
        "id": "refund", "language": "en", "category": "billing", "title": "How refunds work",
        "questions": ["when does the refund come"], "body": " A refund takes five days.\n",
        "links": ["pay.example.com"],
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut article = refund();
    article[field] = value;
    article
}

both!(an_article_comes_changes_and_goes, async |app: App| {
    let made = app.http.post(ALL, refund()).await.expect(201);
    assert_eq!(made["body"], "A refund takes five days.");
    assert_eq!((&made["source"], &made["file"]), (&json!("api"), &Value::Null));
    assert_eq!((&made["version"], &made["links"]), (&json!(1), &json!(["pay.example.com"])));
    let sentence = app.http.post(ALL, refund()).await.refused(409);
    assert!(sentence.contains("refund in en"), "{sentence}");
    app.http.post(ALL, with("language", json!("kk"))).await.expect(201);

    let one = format!("{ALL}/refund/en");
    assert_eq!(app.http.get(&one).await.expect(200), made);
    app.engine.clock.advance(5_000);
    let changed = app.http.patch(&one, json!({ "title": "Refunds" })).await.expect(200);
    let mut expected = made.clone();
    expected["title"] = json!("Refunds");
    expected["version"] = json!(2);
    expected["updated_at"].clone_from(&changed["updated_at"]);
    assert_eq!(changed, expected);
    assert_ne!(changed["updated_at"], made["updated_at"]);
    assert_eq!(app.http.get(&one).await.expect(200), changed);

    app.http.delete(&one).await.expect(204);
    app.http.get(&one).await.refused(404);
    app.http.delete(&one).await.refused(404);
    app.http.patch(&one, json!({ "title": "Refunds" })).await.refused(404);
    app.http.get(&format!("{ALL}/refund/kk")).await.expect(200);
});

both!(a_files_article_is_read_and_replaced_and_not_changed, async |app: App| {
    let one = format!("{ALL}/balance/en");
    let file = app.http.get(&one).await.expect(200);
    assert_eq!((&file["source"], &file["version"]), (&json!("file"), &Value::Null));
    assert_eq!(file["file"], "knowledge/balance.en.md");
    for answer in
        [app.http.patch(&one, json!({ "title": "Mine" })).await, app.http.delete(&one).await]
    {
        let sentence = answer.refused(409);
        assert!(sentence.contains("knowledge/balance.en.md"), "{sentence}");
    }

    let mine = with("id", json!("balance"));
    app.http.post(ALL, mine).await.expect(201);
    assert_eq!(app.http.get(&one).await.expect(200)["source"], "api");
    let listed = list(&app, "language=en").await;
    let balances: Vec<_> = listed.iter().filter(|a| a["id"] == "balance").collect();
    assert_eq!(balances.len(), 1, "{balances:#?}");
    app.http.delete(&one).await.expect(204);
    assert_eq!(app.http.get(&one).await.expect(200), file);
});

both!(the_list_goes_by_pages_and_filters, async |app: App| {
    app.http.post(ALL, refund()).await.expect(201);
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let page = app.http.get(&format!("{ALL}?limit=20{after}")).await.expect(200);
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    let all = list(&app, "").await;
    assert_eq!(paged, all);
    let ids: Vec<_> = all.iter().map(|a| a["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted() && ids.len() > 40, "{ids:?}");
    let some = list(&app, "language=en&category=billing").await;
    assert!(some.iter().any(|a| a["id"] == "refund"));
    assert!(some.iter().all(|a| a["language"] == "en" && a["category"] == "billing"));
    for wrong in ["language=de", "category=pets", "limit=0", "after=x"] {
        app.http.get(&format!("{ALL}?{wrong}")).await.refused(400);
    }
});

both!(a_value_against_its_rule_is_named, async |app: App| {
    for (field, value) in [
        ("id", json!("My refund")),
        ("language", json!("de")),
        ("category", json!("pets")),
        ("title", json!(" ")),
        ("questions", json!([])),
        ("questions", json!([""])),
        ("body", json!("\n")),
        ("links", json!(["https://example.com/"])),
    ] {
        let sentence = app.http.post(ALL, with(field, value)).await.refused(422);
        assert!(sentence.starts_with(&format!("{field}: ")), "{sentence}");
    }
    for (field, value) in [
        ("id", Value::Null),
        ("questions", json!("when")),
        ("links", json!({})),
        ("body", json!(5)),
    ] {
        app.http.post(ALL, with(field, value)).await.refused(400);
    }
    app.http.post(ALL, refund()).await.expect(201);
    let one = format!("{ALL}/refund/en");
    app.http.patch(&one, json!({ "category": "pets" })).await.refused(422);
    app.http.patch(&one, json!({ "body": "a\u{0}b" })).await.expect(200);
    for path in ["refund/de", "%00/en", "..%2F/en"] {
        app.http.get(&format!("{ALL}/{path}")).await.refused(404);
    }
});

both!(only_the_api_token_may_change_articles, async |app: App| {
    let post = app.http.plain(Method::POST, ALL);
    app.http.send(post.json(&refund())).await.refused(401);
    let post = app.http.plain(Method::POST, ALL).bearer_auth(EXTERNAL_KEY);
    app.http.send(post.json(&refund())).await.refused(401);
    let post = app.http.plain(Method::POST, ALL).bearer_auth(API_TOKEN);
    app.http.send(post.json(&refund())).await.expect(201);
});

async fn list(app: &App, filter: &str) -> Vec<Value> {
    let page = app.http.get(&format!("{ALL}?limit=200&{filter}")).await.expect(200);
    assert_eq!(page["next"], Value::Null);
    page["items"].as_array().unwrap().clone()
}
