//! The provider fails in every way it can: each ends in exactly one outcome, in time.

use std::time::{Duration, Instant};

use centrium::assistant::{Language, Turn};
use centrium_channels::testing::ScriptedChannel;
use centrium_channels::{ChannelKind, Sender};
use serde_json::{Value, json};

use super::provider::{Act, Provider, answer, say};
use super::{QUESTION, asking, said, start, start_with, until, until_no_job_is_left};
use crate::harness::{App, Kind, Options, message};

/// Longer than any turn here may take, with its limit of two seconds.
const IN_TIME: Duration = Duration::from_secs(8);

async fn ends_in_the_canned_text(what: &str, act: Act) {
    let provider = Provider::always(act).await;
    let app = start(Kind::Sqlite, &provider, 2).await;
    let began = Instant::now();
    let got = app.http.say("anna", QUESTION).await;
    assert!(began.elapsed() < IN_TIME, "{what}: {:?}", began.elapsed());
    let canned = app.engine.live.now().texts.failure(Language::Ru);
    assert_eq!(got["reply"], canned, "{what}");
    assert_eq!(got["needs_escalation"], true, "{what}");
    assert_eq!(got["status"], "in_progress", "{what}");
    until_no_job_is_left(&app).await;

    let said = said(&app, &got["ticket_id"]).await;
    let authors: Vec<&str> = said.iter().map(|(author, _)| author.as_str()).collect();
    assert_eq!(authors, ["customer", "assistant", "draft"], "{what}: one outcome");
    assert!(said[2].1.contains("парол"), "{what}: the built-in answer is a draft: {said:?}");
    assert_eq!(provider.complaints(), [""; 0], "{what}");
}

fn with(name: &str, value: Value) -> Act {
    let mut wrong = answer("Проверьте роутер.");
    wrong[name] = value;
    Act::Say(wrong.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_model_says_wrong_ends_in_the_canned_text() {
    for (what, act) in [
        ("refused", Act::Refuse("I can't help with that.".into())),
        ("empty", Act::Say(String::new())),
        ("an empty reply", say(" \n")),
        ("no JSON", Act::Say("Проверьте роутер.".into())),
        ("another schema", Act::Say(json!({ "text": "hello" }).to_string())),
        ("a text for yes and no", with("needs_escalation", json!("no"))),
        ("a number for the reply", with("reply", json!(7))),
        ("a text for the sources", with("sources", json!("how-to-pay"))),
        ("nothing but a link", say("https://evil.example/x")),
        ("a list", Act::Say("[]".into())),
        ("JSON that breaks off", Act::Say("{\"reply\":\"Пров".into())),
    ] {
        ends_in_the_canned_text(what, act).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_endpoint_does_wrong_ends_in_the_canned_text() {
    for (what, act) in [
        ("401", Act::Status(401, None, "no".into())),
        ("404", Act::Status(404, None, "no such model".into())),
        ("422", Act::Status(422, None, "no".into())),
        ("429 for a day", Act::Status(429, Some(86_400), "slow down".into())),
        ("500", Act::Status(500, None, "oops".into())),
        ("a redirect", Act::Status(307, None, "elsewhere".into())),
        ("a page", Act::Body("<html>502 Bad Gateway</html>".into())),
        ("no choices", Act::Body(json!({ "choices": [] }).to_string())),
        ("broken off", Act::Cut),
        ("10 MB", Act::Flood(10 * 1024 * 1024)),
    ] {
        ends_in_the_canned_text(what, act).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_takes_too_long_ends_in_the_canned_text() {
    ends_in_the_canned_text("silent", Act::Hang).await;
    ends_in_the_canned_text("dripping", Act::Drip).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_listens_ends_in_the_canned_text() {
    let provider = Provider::always(say("never")).await;
    let mut config = asking(&provider, 2);
    let address = crate::harness::free_address();
    config[0].1 = format!("http://{address}/v1");
    let app = start_with(Kind::Sqlite, config).await;
    let got = app.http.say("anna", QUESTION).await;
    assert_eq!(got["reply"], app.engine.live.now().texts.failure(Language::Ru));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_ends_in_the_canned_text_and_is_tried_once() {
    let provider = Provider::always(say("never")).await;
    let mut config = asking(&provider, 2);
    config[1].1 = "sk-another".into();
    let app = start_with(Kind::Sqlite, config).await;
    let got = app.http.say("anna", QUESTION).await;
    assert_eq!(got["needs_escalation"], true);
    assert_eq!(provider.complaints(), ["Incorrect API key provided."]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_five_failed_turns_it_is_left_alone() {
    let provider = Provider::always(Act::Status(401, None, "no".into())).await;
    let app = start(Kind::Sqlite, &provider, 5).await;
    for i in 0..8 {
        let got = app.http.say(&format!("customer-{i}"), QUESTION).await;
        assert_eq!(got["reply"], app.engine.live.now().texts.failure(Language::Ru));
    }
    assert_eq!(provider.seen().len(), 5, "the others did not wait for it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_has_so_many_tokens_also_after_a_restart() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let provider = Provider::always(say("Проверьте роутер.")).await;
        // Each turn takes 120.
        let mut config = asking(&provider, 5);
        config.push(("AI_DAILY_TOKENS", "200".into()));
        let app = start_with(kind, config.clone()).await;
        let replies =
            async |app: &App, who: &str| app.http.say(who, QUESTION).await["reply"].clone();
        assert_eq!(replies(&app, "anna").await, "Проверьте роутер.");
        let app = app.restart(Options { config, ..Options::default() }).await;
        assert_eq!(replies(&app, "boris").await, "Проверьте роутер.");
        assert_eq!(
            replies(&app, "viktor").await,
            app.engine.live.now().texts.failure(Language::Ru)
        );
        assert_eq!(provider.seen().len(), 2);
        app.engine.clock.advance(centrium::clock::DAY);
        assert_eq!(replies(&app, "galina").await, "Проверьте роутер.");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_without_an_answer_has_cost_tokens_and_one_that_was_refused_has_not() {
    for (act, costs) in [(Act::Hang, true), (Act::Status(400, None, "No.".into()), false)] {
        let provider = Provider::always(act).await;
        let app = start(Kind::Sqlite, &provider, 1).await;
        let turn = Turn { message: QUESTION.into(), ..Turn::default() };
        let basis = app.engine.assistant.answer(&turn).await.unwrap().basis;
        let used = basis.model.unwrap();
        assert_eq!((used.tries, used.tokens_in > 500, used.tokens_out), (1, costs, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_come_in_while_the_provider_is_a_black_hole() {
    let provider = Provider::always(Act::Hang).await;
    let channel = ScriptedChannel::new(ChannelKind::Telegram);
    let config = asking(&provider, 30);
    let options = Options { channels: vec![channel], config, ..Options::default() };
    let app = App::start_with(Kind::Sqlite, options).await;
    let first = accept(&app, 0).await;
    until("the provider was asked", async || !provider.seen().is_empty()).await;

    // None of them waits for the provider, which never answers.
    let mut tickets = vec![first];
    for i in 1..40 {
        tickets.push(accept(&app, i).await);
    }
    for ticket in tickets {
        let said = said(&app, &json!(ticket)).await;
        assert_eq!(said, [("customer".to_owned(), QUESTION.to_owned())]);
    }
}

async fn accept(app: &App, i: usize) -> i64 {
    let sender = Sender { identifier: format!("chat-{i}"), ..Sender::default() };
    let arrived = message(ChannelKind::Telegram, sender, QUESTION);
    app.engine.ingest.accept(arrived).await.unwrap().ticket_id
}
