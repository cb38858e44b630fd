//! `/`, `/healthz`, `/tickets/api/status/`, `/metrics`, `/api/docs`.

use centrium::clock::Millis;
use centrium::store::Changes;
use centrium::store::jobs::Job;
use centrium::store::names::{JobKind, JobState};
use reqwest::Method;
use serde_json::json;

use crate::harness::{App, both};

both!(status_tells_what_works, async |app: App| {
    let status =
        app.http.send(app.http.plain(Method::GET, "/tickets/api/status/")).await.expect(200);
    assert_eq!(status["status"], "ok");
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    let channels = json!({
        "web": true, "email": false, "telegram": false, "whatsapp": false, "api": true, "site": false
    });
    assert_eq!(status["channels"], channels);
    assert_eq!(status["problems"], json!([]));
});

both!(a_healthy_engine_says_so, async |app: App| {
    let healthy = app.http.send(app.http.plain(Method::GET, "/healthz")).await;
    assert_eq!(healthy.status, 200);
});

both!(status_tells_of_jobs_that_failed, async |app: App| {
    let tx = app.engine.store.begin().await.unwrap();
    let failed = Job { state: JobState::Buried, ..Job::new(1, JobKind::DeliverReply, 1, 0, 0) };
    let waiting = Job::new(2, JobKind::DeliverReply, 1, Millis::MAX, 0);
    let changes = Changes { jobs: vec![failed, waiting], ..Changes::default() };
    changes.write(&tx).await.unwrap();
    tx.commit().await.unwrap();
    let path = "/tickets/api/status/";
    let status = app.http.send(app.http.plain(Method::GET, path)).await.expect(200);
    let problems = json!(["1 failed jobs wait for a person: centrium jobs list."]);
    assert_eq!(status["problems"], problems);
});

both!(metrics_are_behind_the_token, async |app: App| {
    app.http.send(app.http.plain(Method::GET, "/metrics")).await.refused(401);
    app.http.say("anna", "не работает интернет").await;
    let metrics = app.http.get("/metrics").await;
    let text = String::from_utf8(metrics.body).unwrap();
    for name in [
        "centrium_messages_total{channel=\"api\",outcome=\"accepted\"}",
        "centrium_commit_size_bucket",
        "centrium_commit_seconds_bucket",
        "centrium_assistant_seconds_bucket{assistant=\"builtin\"",
        "centrium_http_requests_total{method=\"POST\",route=\"/tickets/api/external/message\"",
    ] {
        assert!(text.contains(name), "{name} is not in\n{text}");
    }
});

both!(the_home_page_loads_nothing_from_elsewhere, async |app: App| {
    let page = app.http.send(app.http.plain(Method::GET, "/")).await;
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let text = String::from_utf8(page.body).unwrap();
    assert!(text.contains("/api/docs") && !text.contains("http://") && !text.contains("https://"));
});

both!(the_docs_are_served_from_here, async |app: App| {
    for path in ["/api/docs", "/api/docs/"] {
        let page = app.http.send(app.http.plain(Method::GET, path)).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(String::from_utf8(page.body).unwrap().contains("<base href=\"/api/docs/\">"));
    }
    let script = app.http.send(app.http.plain(Method::GET, "/api/docs/swagger-ui-bundle.js")).await;
    assert_eq!(script.status, 200);
    app.http.send(app.http.plain(Method::GET, "/api/docs/nothing.js")).await.refused(404);
    let document =
        app.http.send(app.http.plain(Method::GET, "/api/openapi.json")).await.expect(200);
    assert!(document["paths"]["/tickets/api/external/message/"]["post"].is_object());
});
