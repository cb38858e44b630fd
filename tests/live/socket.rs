//! What a client of `/ws` sees while all is well.

use std::time::Duration;

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::{event, write, write_numbers};
use crate::harness::{API_TOKEN, App, Kind, LiveClient, Options, both};
use centrium::app;
use centrium::events::Pace;

both!(events_come_as_the_document_shows_them, async |app: App| {
    let mut client = LiveClient::connect(&app.http, "").await;
    let mut other = LiveClient::connect(&app.http, "").await;
    let said = app.http.say("anna", "соедините с оператором").await;
    let mut ids = Vec::new();
    for kind in [
        "user.created",
        "ticket.created",
        "ticket.message_added",
        "ticket.escalated",
        "ticket.status_changed",
        "ticket.message_added",
    ] {
        let frame = client.expect(kind).await;
        assert_eq!(other.next().await, frame, "one frame for all");
        assert_eq!(frame.as_object().unwrap().len(), 4, "{frame}");
        let at = frame["timestamp"].as_str().unwrap();
        assert_eq!((at.len(), at.matches('T').count()), ("2024-01-15T10:30:00".len(), 1), "{at}");
        if kind.starts_with("ticket.") {
            assert_eq!(frame["payload"]["ticket_id"], said["ticket_id"]);
        }
        ids.push(frame["id"].as_i64().unwrap());
    }
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    let path = format!("/api/tickets/{}/messages", said["ticket_id"]);
    app.http.post(&path, json!({ "text": "тайна", "note": true })).await.expect(201);
    app.http.post(&path, json!({ "text": "Слушаю вас" })).await.expect(201);
    let assigned = client.expect("ticket.assigned").await;
    assert_eq!(assigned["payload"]["operator"], "api");
    let added = client.expect("ticket.message_added").await;
    assert_eq!(added["payload"]["text"], "Слушаю вас");
});

both!(a_ping_is_answered_and_what_is_not_understood_is_told, async |app: App| {
    let mut client = LiveClient::connect(&app.http, "").await;
    client.is_quiet().await;
    for wrong in [
        Message::text("hello"),
        Message::text(r#"{"type":"subscribe"}"#),
        Message::text("[1]"),
        Message::text("\"\\ud800\""),
        Message::binary(b"{\"type\":\"ping\"}".to_vec()),
    ] {
        client.send(wrong).await;
        let frame = client.expect("error").await;
        let sentence = frame["message"].as_str().unwrap();
        assert!(sentence.ends_with('.') && sentence.len() > 10, "{sentence}");
    }
    client.send(Message::Ping(b"are you there".to_vec().into())).await;
    let pong = client.message().await;
    assert_eq!(pong, Some(Message::Pong(b"are you there".to_vec().into())));
    app.http.say("anna", "привет").await;
    client.expect("user.created").await;
});

both!(what_is_too_large_ends_the_line, async |app: App| {
    let mut client = LiveClient::connect(&app.http, "").await;
    client.send(Message::text("x".repeat(100_000))).await;
    let (code, reason) = client.end().await;
    assert_eq!(code, 1002);
    assert!(reason.contains("16 KiB"), "{reason}");
});

both!(a_filter_shows_only_what_is_asked_for, async |app: App| {
    let anna = app.http.say("anna", "привет").await["ticket_id"].clone();
    let mut of_kind = LiveClient::connect(&app.http, "types=ticket.created,%20user.created").await;
    let mut of_ticket = LiveClient::connect(&app.http, &format!("ticket={anna}")).await;
    let both = format!("types=ticket.status_changed&ticket={anna}");
    let mut of_both = LiveClient::connect(&app.http, &both).await;
    let boris = app.http.say("boris", "привет").await["ticket_id"].clone();
    app.http.say("anna", "не работает интернет").await;
    let closed = json!({ "status": "closed" });
    for ticket in [&boris, &anna] {
        app.http.patch(&format!("/api/tickets/{ticket}"), closed.clone()).await.expect(200);
    }
    assert_eq!(of_kind.expect("user.created").await["payload"]["user_id"], 2);
    assert_eq!(of_kind.expect("ticket.created").await["payload"]["ticket_id"], boris);
    of_kind.is_quiet().await;
    assert_eq!(of_both.expect("ticket.status_changed").await["payload"]["ticket_id"], anna);
    of_both.is_quiet().await;
    loop {
        let frame = of_ticket.next().await;
        assert_eq!(frame["payload"]["ticket_id"], anna, "{frame}");
        if frame["type"] == "ticket.status_changed" {
            break;
        }
    }
});

both!(what_concerns_one_webhook_alone_is_not_shown, async |app: App| {
    let mut client = LiveClient::connect(&app.http, "").await;
    let tx = app.engine.store.begin().await.unwrap();
    write(&tx, vec![event("webhook.test", &json!({})), event("user.created", &json!({}))]).await;
    tx.commit().await.unwrap();
    let seen = client.expect("user.created").await;
    let mut late = LiveClient::connect(&app.http, "after=0").await;
    assert_eq!(late.expect("user.created").await, seen);
    late.is_quiet().await;
});

both!(clients_are_counted_and_so_is_what_they_are_sent, async |app: App| {
    let mut client = LiveClient::connect(&app.http, "").await;
    let last = write_numbers(&app.engine.store, 0..3).await;
    client.ids_until(last).await;
    client.is_quiet().await;
    let text = metrics(&app).await;
    for line in ["centrium_live_clients 1", "centrium_live_frames_total 3"] {
        assert!(text.lines().any(|printed| printed == line), "{line}\nis not in\n{text}");
    }
});

/// What is shown at `/metrics`.
pub(super) async fn metrics(app: &App) -> String {
    String::from_utf8(app.http.get("/metrics").await.body).unwrap()
}

fn quick(ping: u64, silence: u64) -> Options {
    let pace = Pace {
        ping: Duration::from_millis(ping),
        silence: Duration::from_millis(silence),
        ..Pace::default()
    };
    Options { pace: Some(pace), ..Options::default() }
}

both!(a_client_is_asked_whether_it_is_there_and_left_when_it_is_not, async |app: App| {
    let app = app.restart(quick(20, 1_000)).await;
    let mut client = LiveClient::connect(&app.http, "").await;
    let mut pings = 0;
    // Each is answered by the client's own side of the WebSocket when it looks for the next.
    while pings < 30 {
        assert!(matches!(client.message().await, Some(Message::Ping(_))));
        pings += 1;
    }
    // It looks no more, and so answers nothing.
    let cut_off = "centrium_live_cut_off_total{reason=\"silent\"} 1";
    while !metrics(&app).await.lines().any(|printed| printed == cut_off) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (code, reason) = client.end().await;
    assert_eq!(code, 4009, "{reason}");
});

both!(a_stop_is_told, async |app: App| {
    let last = write_numbers(&app.engine.store, 0..3).await;
    let mut client = LiveClient::connect(&app.http, "").await;
    let engine = app.engine.clone();
    let finished = tokio::spawn(async move { app::finish(&engine, Duration::from_secs(60)).await });
    let (code, reason) = client.end().await;
    assert_eq!(code, 1001);
    assert!(reason.contains(&format!("after={last}.")), "{reason}");
    finished.await.unwrap();
    assert!(app.engine.tracker.is_empty());
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_may_be_in_a_header_too() {
    let app = App::start(Kind::Sqlite).await;
    let request = super::refusals::upgrade(&app, "/ws").bearer_auth(API_TOKEN);
    assert_eq!(request.send().await.unwrap().status(), 101);
}
