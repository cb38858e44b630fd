//! A ticket has so many answers in ten minutes, then a person must come; whoever answers answers,
//! such as another engine, is not answered for ever.

use std::sync::Arc;

use centrium::assistant::Language;
use centrium_channels::testing::ScriptedChannel;
use centrium_channels::{ChannelKind, Sender};

use super::provider::{Provider, say};
use super::{QUESTION, asking, said, start, until_no_job_is_left};
use crate::harness::{App, Kind, Options, both, message};

/// What the built-in assistant always answers.
const HELLO: &str = "привет";
/// Ten minutes and a second.
const A_WHILE: i64 = 601_000;

async fn chat_until_it_stops(app: &App) {
    let texts = app.engine.live.now().texts.clone();
    let (notice, word) = (texts.too_many(Language::Ru), texts.received(Language::Ru));
    for i in 0..20 {
        let got = app.http.say("anna", HELLO).await;
        assert_eq!(got["needs_escalation"], false, "{i}: {got}");
        assert_ne!(got["reply"], word, "{i}");
    }
    let got = app.http.say("anna", HELLO).await;
    assert_eq!((&got["reply"], &got["needs_escalation"]), (&notice.into(), &true.into()));
    assert_eq!(got["status"], "in_progress");
    for _ in 0..18 {
        let got = app.http.say("anna", HELLO).await;
        assert_eq!(
            (&got["reply"], &got["needs_escalation"]),
            (&word.clone().into(), &false.into())
        );
    }
    until_no_job_is_left(app).await;
    let authors: Vec<String> =
        said(app, &1.into()).await.into_iter().map(|(author, _)| author).collect();
    let count = |name: &str| authors.iter().filter(|author| *author == name).count();
    assert_eq!((count("assistant"), count("system")), (20, 19));

    app.engine.clock.advance(A_WHILE);
    let got = app.http.say("anna", HELLO).await;
    assert_ne!(got["reply"], word, "later it answers again");
}

both!(the_built_in_assistant_gives_twenty_answers_in_ten_minutes, async |app: App| {
    chat_until_it_stops(&app).await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_gives_twenty_and_is_not_asked_beyond() {
    let provider = Provider::always(say("Здравствуйте! Чем помочь?")).await;
    let app = start(Kind::Sqlite, &provider, 10).await;
    chat_until_it_stops(&app).await;
    assert_eq!(provider.seen().len(), 21);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_messages_at_once_gets_no_more_either() {
    let provider = Provider::always(say("Смените пароль.")).await;
    let app = start(Kind::Sqlite, &provider, 10).await;
    let asked = (0..40).map(|_| app.http.say("anna", QUESTION));
    let replies = futures_util::future::join_all(asked).await;
    let answered = replies.iter().filter(|got| got["reply"] == "Смените пароль.").count();
    assert_eq!(answered, 20);
    let called = replies.iter().filter(|got| got["needs_escalation"] == true).count();
    assert_eq!(called, 1, "one notice");
}

both!(a_mail_ticket_gets_five, async |app: App| {
    let channel = ScriptedChannel::new(ChannelKind::Email);
    let options = Options { channels: vec![channel.clone()], ..Options::default() };
    let app = app.restart(options).await;
    for _ in 0..8 {
        write(&app, ChannelKind::Email, HELLO).await;
        until_no_job_is_left(&app).await;
    }
    let sent = channel.sent();
    assert_eq!(sent.len(), 6, "five answers and one notice");
    assert_eq!(sent[5].text, app.engine.live.now().texts.too_many(Language::Ru));
    assert_eq!(app.http.ticket(&1.into()).await["needs_escalation"], true);
});

async fn write(app: &App, channel: ChannelKind, text: &str) {
    let sender = Sender { identifier: "the other one".into(), ..Sender::default() };
    app.engine.ingest.accept(message(channel, sender, text)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_that_answer_each_other_stop_by_themselves() {
    for kind in [ChannelKind::Email, ChannelKind::Telegram] {
        let (one, of_one) = with_channel(kind).await;
        let (two, of_two) = with_channel(kind).await;
        write(&one, kind, HELLO).await;
        let (mut read_one, mut read_two) = (0, 0);
        for round in 0.. {
            assert!(round < 200, "they go on for ever");
            until_no_job_is_left(&one).await;
            until_no_job_is_left(&two).await;
            let (from_one, from_two) = (of_one.sent(), of_two.sent());
            if (from_one.len(), from_two.len()) == (read_one, read_two) {
                break;
            }
            for out in &from_one[read_one..] {
                write(&two, kind, &out.text).await;
            }
            for out in &from_two[read_two..] {
                write(&one, kind, &out.text).await;
            }
            (read_one, read_two) = (from_one.len(), from_two.len());
        }
        assert!(read_one + read_two <= 42, "{kind}: {read_one} and {read_two}");
    }
}

async fn with_channel(kind: ChannelKind) -> (App, Arc<ScriptedChannel>) {
    let provider = Provider::always(say("Здравствуйте! Чем я могу помочь?")).await;
    let channel = ScriptedChannel::new(kind);
    let config = asking(&provider, 10);
    let options = Options { channels: vec![channel.clone()], config, ..Options::default() };
    (App::start_with(Kind::Sqlite, options).await, channel)
}
