//! Answers that are sent, on a channel that pushes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use centrium_channels::testing::ScriptedChannel;
use centrium_channels::{
    Channel, ChannelKind, Delivery, Error, Health, Incoming, Kind as What, Outgoing, Sender, Sent,
};
use serde_json::{Value, json};

use crate::harness::{App, Options, both, message};

fn incoming(id: &str, text: &str) -> Incoming {
    let sender = Sender { identifier: "42".into(), ..Sender::default() };
    Incoming {
        external_id: Some(id.into()),
        conversation: Some("42".into()),
        ..message(ChannelKind::Telegram, sender, text)
    }
}

async fn with_channel(app: App) -> (App, Arc<ScriptedChannel>) {
    with_config(app, Vec::new()).await
}

async fn with_config(app: App, config: Vec<(&'static str, String)>) -> (App, Arc<ScriptedChannel>) {
    let channel = ScriptedChannel::new(ChannelKind::Telegram);
    let options = Options { channels: vec![channel.clone()], config, ..Options::default() };
    (app.restart(options).await, channel)
}

async fn wait_for_delivery(app: &App, ticket: i64, state: &str) -> Value {
    for _ in 0..400 {
        let ticket = app.http.ticket(&json!(ticket)).await;
        let messages = ticket["messages"].as_array().unwrap();
        if let Some(found) = messages.iter().find(|m| m["delivery"]["state"] == state) {
            return found.clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nothing became {state}: {}", app.http.ticket(&json!(ticket)).await);
}

both!(an_answer_is_sent_once_and_the_message_is_stored_once, async |app: App| {
    let (app, channel) = with_channel(app).await;
    let first = app.engine.ingest.accept(incoming("42:1", "интернет не работает")).await.unwrap();
    let again = app.engine.ingest.accept(incoming("42:1", "интернет не работает")).await.unwrap();
    assert!(again.duplicate);
    assert_eq!((again.ticket_id, again.message_id), (first.ticket_id, first.message_id));
    wait_for_delivery(&app, first.ticket_id, "sent").await;
    let sent = channel.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].recipient, "42");
    assert_eq!(sent[0].in_reply_to.as_deref(), Some("42:1"));
});

both!(a_refused_answer_fails_visibly_and_can_be_tried_again, async |app: App| {
    let (app, channel) = with_channel(app).await;
    channel.fail_next(Error::new(What::Refused, "The customer has blocked the bot."));
    let taken = app.engine.ingest.accept(incoming("42:1", "интернет не работает")).await.unwrap();
    let failed = wait_for_delivery(&app, taken.ticket_id, "failed").await;
    assert_eq!(failed["delivery"]["error"], "The customer has blocked the bot.");
    let path = format!("/api/tickets/{}/messages/{}/retry", taken.ticket_id, failed["id"]);
    app.http.post(&path, json!({})).await.expect(202);
    wait_for_delivery(&app, taken.ticket_id, "sent").await;
    app.http.post(&path, json!({})).await.refused(422);
});

both!(a_server_that_is_away_is_tried_again, async |app: App| {
    let (app, channel) = with_channel(app).await;
    let away = Error::new(What::Unavailable, "The server is away.");
    channel.fail_next(away.clone().after(Duration::from_millis(50)));
    channel.fail_next(away.after(Duration::from_millis(50)));
    let taken = app.engine.ingest.accept(incoming("42:1", "интернет не работает")).await.unwrap();
    wait_for_delivery(&app, taken.ticket_id, "sent").await;
    assert_eq!(channel.sent().len(), 1);
});

both!(an_operators_message_goes_out, async |app: App| {
    let (app, channel) = with_channel(app).await;
    let taken = app.engine.ingest.accept(incoming("42:1", "соедините с оператором")).await.unwrap();
    wait_for_delivery(&app, taken.ticket_id, "sent").await;
    let path = format!("/api/tickets/{}/messages", taken.ticket_id);
    app.http.post(&path, json!({ "text": "Слушаю вас", "operator": "Айгуль" })).await.expect(201);
    tokio::time::timeout(Duration::from_secs(10), async {
        while channel.sent().len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(channel.sent()[1].text, "Слушаю вас");
});

both!(pieces_that_come_quickly_get_one_answer_for_the_last, async |app: App| {
    let (app, channel) = with_config(app, vec![("ASSISTANT_QUIET_MS", "300".into())]).await;
    let mut ticket = 0;
    for (i, text) in ["у меня", "дома", "интернет не работает"].into_iter().enumerate()
    {
        let message = incoming(&format!("42:{i}"), text);
        ticket = app.engine.ingest.accept(message).await.unwrap().ticket_id;
    }
    let sent = wait_for_delivery(&app, ticket, "sent").await;
    assert!(sent["text"].as_str().unwrap().contains("роутер"), "{sent}");
    while centrium::store::jobs::any(&app.engine.store.read().await.unwrap()).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(channel.sent().len(), 1, "the answers to the first pieces are dropped");
    let decisions = app.http.decisions(&json!(ticket)).await;
    let outcomes: Vec<_> = decisions.iter().map(|d| (&d["outcome"], &d["stale"])).collect();
    let (dropped, newer) = (&json!("dropped"), &json!("newer_message"));
    let posted = (&json!("posted"), &json!(null));
    assert_eq!(outcomes, [(dropped, newer), (dropped, newer), posted]);
});

both!(a_thanks_after_a_question_does_not_overtake_it, async |app: App| {
    let (app, channel) = with_config(app, vec![("ASSISTANT_QUIET_MS", "200".into())]).await;
    app.engine.ingest.accept(incoming("42:1", "где посмотреть баланс")).await.unwrap();
    let thanks = app.engine.ingest.accept(incoming("42:2", "спасибо")).await.unwrap();
    wait_for_delivery(&app, thanks.ticket_id, "sent").await;
    assert_eq!(channel.sent().len(), 1);
});

/// A channel with a defect: its first try panics.
#[derive(Default)]
struct Panicking(AtomicBool);

#[async_trait]
impl Channel for Panicking {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Telegram
    }

    fn delivery(&self) -> Delivery {
        Delivery::Push
    }

    async fn send(&self, _: &Outgoing) -> Result<Sent, Error> {
        assert!(self.0.swap(true, Ordering::SeqCst), "the first try");
        Ok(Sent { external_id: None })
    }

    async fn health(&self) -> Health {
        Health::Ok
    }
}

both!(a_delivery_that_panicked_does_not_wait_for_its_lease_to_run_out, async |app: App| {
    let channels: Vec<Arc<dyn Channel>> = vec![Arc::new(Panicking::default())];
    let app = app.restart(Options { channels, ..Options::default() }).await;
    let taken = app.engine.ingest.accept(incoming("42:1", "интернет не работает")).await.unwrap();
    wait_for_delivery(&app, taken.ticket_id, "sent").await;
});
