//! What is refused, and in which shape.

use reqwest::Method;

use crate::harness::{App, both};

both!(every_neighbourhood_has_its_shape, async |app: App| {
    let get = async |path: &str| app.http.send(app.http.plain(Method::GET, path)).await.expect(404);
    let body = get("/tickets/api/nothing/").await;
    assert_eq!(body["success"], false);
    assert!(body["error"].is_string());
    assert!(get("/webhooks/1/nothing").await["detail"].is_string());
    let body = get("/nothing").await;
    assert!(body["error"].is_string() && body.get("success").is_none());
});

both!(a_browser_gets_a_page, async |app: App| {
    let request = app.http.plain(Method::GET, "/nothing").header("Accept", "text/html,*/*;q=0.8");
    let page = app.http.send(request).await;
    assert_eq!(page.status, 404);
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    let both =
        app.http.plain(Method::GET, "/nothing").header("Accept", "application/json, text/html");
    app.http.send(both).await.refused(404);
    let rather_json = "text/html;q=0.1, application/json";
    let rather_json = app.http.plain(Method::GET, "/nothing").header("Accept", rather_json);
    app.http.send(rather_json).await.refused(404);
});

both!(a_wrong_method_is_405, async |app: App| {
    let wrong = app.http.plain(Method::DELETE, "/tickets/api/status/");
    let sentence = app.http.send(wrong).await.refused(405);
    assert!(sentence.contains("method"), "{sentence}");
});

both!(a_body_that_is_too_large_is_413, async |app: App| {
    let request = app.http.plain(Method::POST, "/tickets/api/external/message/");
    let huge = request.header("X-API-Key", crate::harness::EXTERNAL_KEY).body(vec![b'a'; 13 << 20]);
    app.http.send(huge).await.refused(413);
    // Every time, although the answer is known before the body has come: see app/linger.rs.
    for _ in 0..20 {
        let large = app.http.plain(Method::PATCH, "/api/channels/web").body(vec![b' '; 2 << 20]);
        app.http.send(large.bearer_auth(crate::harness::API_TOKEN)).await.refused(413);
    }
});

both!(a_body_may_begin_with_a_byte_order_mark, async |app: App| {
    let external = app.http.plain(Method::POST, "/tickets/api/external/message/");
    let said = "\u{feff}{\"user_identifier\":\"anna\",\"text\":\"привет\"}";
    let external = external.header("X-API-Key", crate::harness::EXTERNAL_KEY).body(said);
    let ticket = &app.http.send(external).await.expect(200)["ticket_id"];
    let post = |path: &str, body: &'static str| {
        let path = format!("/api/tickets/{ticket}/{path}");
        let request = app.http.plain(Method::POST, &path).bearer_auth(crate::harness::API_TOKEN);
        app.http.send(request.body(body))
    };
    let written = post("messages", "\u{feff}{\"text\":\"Слушаю\"}").await.expect(201);
    assert_eq!(written["text"], "Слушаю");
    post("join", "\u{feff}{\"operator\":\"Айгуль\"}").await.expect(200);
    post("leave", "\u{feff}null").await.expect(200);
    post("leave", " null ").await.expect(200);
    post("leave", " ").await.expect(200);
    post("leave", "\u{feff}5").await.refused(400);
});

both!(every_answer_has_a_request_id, async |app: App| {
    let answer = app.http.send(app.http.plain(Method::GET, "/nothing")).await;
    assert_eq!(answer.headers["x-request-id"].len(), 32);
});
