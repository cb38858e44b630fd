//! A model that works.

use std::time::Duration;

use centrium::assistant::Turn;
use serde_json::json;

use super::provider::{Act, MODEL, Provider, answer, say};
use super::{QUESTION, asking, said, start};
use crate::harness::{App, Kind, both};

both!(a_model_answers_and_sorts_the_ticket, async |app: App| {
    let mut good = answer("Откройте настройки роутера и смените пароль.");
    good["sources"] = json!(["wifi-password", "made-up"]);
    good["subject"] = json!("Пароль Wi-Fi");
    let provider = Provider::always(Act::Say(good.to_string())).await;
    let app = start(app.database.kind(), &provider, 10).await;
    let got = app.http.say("anna", QUESTION).await;
    assert_eq!(got["reply"], "Откройте настройки роутера и смените пароль.");
    assert_eq!(got["needs_escalation"], false);
    let ticket = app.http.ticket(&got["ticket_id"]).await;
    assert_eq!(ticket["subject"], "Пароль Wi-Fi");
    assert_eq!(
        (ticket["category"].as_str(), ticket["department"].as_str()),
        (Some("internet"), Some("technical"))
    );
    assert_eq!(provider.complaints(), [""; 0]);

    app.http.say("anna", "а где найти адрес роутера?").await;
    let asked = provider.seen().pop().unwrap();
    let shown = asked["messages"][1]["content"].as_str().unwrap();
    assert!(shown.contains(&format!("<customer>{QUESTION}</customer>")), "{shown}");
    assert!(shown.contains("<assistant>Откройте настройки"), "{shown}");
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_model_makes_up_about_the_ticket_does_not_count() {
    let mut lies = answer("Смените пароль.");
    lies["category"] = json!("weather");
    lies["department"] = json!("nobody");
    lies["priority"] = json!("apocalyptic");
    lies["language"] = json!("tlh");
    lies["ticket_id"] = json!(999);
    let provider = Provider::always(Act::Say(lies.to_string())).await;
    let app = start(Kind::Sqlite, &provider, 10).await;
    let got = app.http.say("anna", QUESTION).await;
    assert_eq!(got["reply"], "Смените пароль.");
    assert_eq!(got["ticket_id"], 1);
    let ticket = app.http.ticket(&got["ticket_id"]).await;
    assert_eq!(
        (ticket["category"].as_str(), ticket["department"].as_str(), ticket["priority"].as_str()),
        (Some("internet"), Some("technical"), Some("medium"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_record_says_what_led_to_an_answer() {
    let provider = Provider::start(|number, _| match number {
        0 => Act::Status(503, None, "restarting".into()),
        1 => say("Смените пароль."),
        _ => Act::Refuse("No.".into()),
    })
    .await;
    let app = start(Kind::Sqlite, &provider, 10).await;
    let turn = Turn { message: QUESTION.into(), ..Turn::default() };
    let basis = app.engine.assistant.answer(&turn).await.unwrap().basis;
    assert_eq!((basis.rule, basis.failure), (None, None));
    assert_eq!(basis.passages[0].article, "wifi-password");
    let used = basis.model.unwrap();
    assert_eq!(
        (used.name.as_str(), used.tries, used.tokens_in, used.tokens_out),
        (MODEL, 2, 100, 20)
    );
    assert_eq!(used.prompt.len(), 12);

    let refused = app.engine.assistant.answer(&turn).await.unwrap();
    assert!(refused.needs_escalation);
    assert_eq!(refused.basis.failure.as_deref(), Some("The model refused to answer."));
    assert_eq!(refused.basis.model.unwrap().tries, 1);

    let ruled =
        Turn { message: "Соедините с оператором".into(), ..Turn::default() };
    let basis = app.engine.assistant.answer(&ruled).await.unwrap().basis;
    assert_eq!((basis.rule.as_deref(), basis.model), (Some("asks-for-human"), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_calls_a_person_and_says_why() {
    let mut calls = answer("Я передам это коллегам.");
    calls["needs_escalation"] = json!(true);
    calls["reason"] = json!("Нужен мастер.");
    let provider = Provider::always(Act::Say(calls.to_string())).await;
    let app = start(Kind::Sqlite, &provider, 10).await;
    let got = app.http.say("anna", QUESTION).await;
    assert_eq!(got["needs_escalation"], true);
    let reply = got["reply"].as_str().unwrap();
    let called = app.engine.live.now().texts.operator_called(centrium::assistant::Language::Ru);
    assert!(reply.starts_with("Я передам") && reply.ends_with(&called), "{reply}");
    assert_eq!(app.http.ticket(&got["ticket_id"]).await["escalation_reason"], "Нужен мастер.");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_decides_without_the_model() {
    let provider = Provider::always(say("Никого звать не нужно.")).await;
    let app = start(Kind::Sqlite, &provider, 10).await;
    for text in ["Соедините с оператором", "У нас горит кабель в подъезде!", "Подам на вас в суд"]
    {
        let got = app.http.say(text, text).await;
        assert_eq!(got["needs_escalation"], true, "{text}");
    }
    assert!(provider.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passes_is_waited_for() {
    for passing in [
        Act::Status(429, Some(1), "slow down".into()),
        Act::Status(503, None, "restarting".into()),
        Act::Cut,
    ] {
        let provider = Provider::start(move |number, _| match number {
            0 => passing.clone(),
            _ => say("Смените пароль."),
        })
        .await;
        let app = start(Kind::Sqlite, &provider, 10).await;
        assert_eq!(app.http.say("anna", QUESTION).await["reply"], "Смените пароль.");
        assert_eq!(provider.seen().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_without_schemas_is_asked_in_simpler_ways_and_that_is_remembered() {
    let provider = Provider::start(|_, asked| match asked["response_format"]["type"].as_str() {
        Some(kind) => Act::Status(400, None, format!("response_format {kind} is not supported")),
        None if asked.get("temperature").is_some() => {
            Act::Status(400, None, "Unsupported value: 'temperature'".into())
        }
        None => Act::Say(format!("```json\n{}\n```", answer("Смените пароль."))),
    })
    .await;
    let app = start(Kind::Sqlite, &provider, 10).await;
    for (who, requests) in [("anna", 4), ("boris", 5)] {
        assert_eq!(app.http.say(who, QUESTION).await["reply"], "Смените пароль.");
        assert_eq!(provider.seen().len(), requests);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_objection_that_repeats_a_customers_words_changes_nothing_for_others() {
    let provider = Provider::start(|number, _| match number {
        0 | 1 => Act::Status(400, None, "not allowed: response_format".into()),
        2 => Act::Status(400, None, "not allowed".into()),
        _ => say("Смените пароль."),
    })
    .await;
    let app = start(Kind::Sqlite, &provider, 10).await;
    app.http.say("anna", "у меня response_format, что это?").await;
    assert_eq!(app.http.say("boris", QUESTION).await["reply"], "Смените пароль.");
    let forms: Vec<_> =
        provider.seen().iter().map(|asked| asked["response_format"]["type"].clone()).collect();
    assert_eq!(
        forms,
        [json!("json_schema"), json!("json_object"), json!(null), json!("json_schema")]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pieces_of_a_message_get_one_answer_to_all_of_them() {
    use centrium_channels::testing::ScriptedChannel;
    use centrium_channels::{ChannelKind, Sender};

    use crate::harness::{Options, message};

    let provider = Provider::start(|_, _| {
        Act::Late(Duration::from_millis(300), Box::new(say("Смените пароль.")))
    })
    .await;
    let channel = ScriptedChannel::new(ChannelKind::Telegram);
    let mut config = asking(&provider, 10);
    config.push(("ASSISTANT_QUIET_MS", "400".into()));
    let options = Options { channels: vec![channel.clone()], config, ..Options::default() };
    let app = App::start_with(Kind::Sqlite, options).await;
    for text in ["здравствуйте", "как поменять", "пароль от вайфая?"]
    {
        let sender = Sender { identifier: "chat".into(), ..Sender::default() };
        app.engine.ingest.accept(message(ChannelKind::Telegram, sender, text)).await.unwrap();
    }
    super::until_no_job_is_left(&app).await;
    assert_eq!(channel.sent().len(), 1);
    let asked = provider.seen();
    assert_eq!(asked.len(), 1, "the model was asked once");
    let shown = asked[0]["messages"][1]["content"].as_str().unwrap();
    assert!(shown.contains("здравствуйте\nкак поменять\nпароль от вайфая?"), "{shown}");
    assert_eq!(said(&app, &json!(1)).await.len(), 4);
}
