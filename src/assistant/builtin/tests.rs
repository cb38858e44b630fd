use std::path::Path;
use std::sync::LazyLock;
use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::assistant::{Said, Speaker, detect};
use crate::eval::score::{self, Score, Wrong};
use crate::eval::{Case, case};

static ASSISTANT: LazyLock<Builtin> = LazyLock::new(|| {
    let prompts = Arc::new(Prompts::embedded().unwrap());
    let texts = Arc::new(Texts::new(&prompts, "Centrium", Language::Ru).unwrap());
    Builtin::new(prompts, texts, Language::Ru)
});

fn answer(message: &str) -> Verdict {
    ASSISTANT.decide(&Turn { message: message.to_owned(), ..Turn::default() })
}

/// What is answered to the last of these messages of one customer.
fn converse(messages: &[&str]) -> Verdict {
    let mut turn = Turn::default();
    let mut verdict = None;
    for message in messages {
        turn.message = (*message).to_owned();
        let said = ASSISTANT.decide(&turn);
        turn.history.push(Said { by: Speaker::Customer, text: turn.message.clone() });
        turn.history.push(Said { by: Speaker::Assistant, text: said.reply.clone() });
        turn.language = Some(said.language);
        turn.category = Some(said.category.clone());
        verdict = Some(said);
    }
    verdict.unwrap()
}

/// The short messages of `prompts/cases`; all of them are counted by `centrium eval`.
fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts/cases/train");
    let read = |language| {
        let file = folder.join(format!("basics-{language}.toml"));
        case::read_file(&file, &ASSISTANT.prompts).unwrap()
    };
    Language::ALL.into_iter().flat_map(read).collect()
}

#[test]
fn the_labelled_messages_are_judged_as_the_policy_says() {
    let mut score = Score::default();
    let mut wrong = Vec::new();
    for case in cases() {
        let verdict = answer(&case.text);
        score.add(&case, &verdict);
        for Wrong { what, wanted, got } in score::wrong(&case, &verdict) {
            wrong.push(format!("{}: {what} {got} instead of {wanted}", case.text));
        }
    }
    let measured = format!("{:?}\n{}", score.figures(), wrong.join("\n"));
    assert!(score.cases >= 90, "{measured}");
    for (share, least) in [(score.recall, 0.95), (score.precision, 0.85), (score.category, 0.9)] {
        assert!(share.value().unwrap() >= least, "{measured}");
    }
}

#[test]
fn a_verdict_names_what_led_to_it() {
    let verdict = answer("позовите оператора");
    assert_eq!(verdict.basis.rule.as_deref(), Some("asks-for-human"));
    let verdict = answer("где посмотреть баланс");
    let Basis { rule, likelihood, passages, model, .. } = verdict.basis;
    assert_eq!((rule, model), (None, None));
    assert!(likelihood.is_some_and(|likelihood| likelihood < 0.5), "{likelihood:?}");
    assert_eq!(verdict.sources, [passages[0].article.as_str()]);
    assert!(passages.len() <= 5 && passages.is_sorted_by(|a, b| a.score >= b.score));
}

#[test]
fn a_doubtful_rule_gives_way_where_the_classifier_is_all_but_certain() {
    let verdict = answer(
        "Зимой была двойная оплата, вы тогда всё вернули, спасибо. Сейчас вопрос простой: где в \
         кабинете выключается автоплатёж?",
    );
    assert!(!verdict.needs_escalation, "{:?}", verdict.basis);
    assert!(answer("С меня списали двойную оплату, верните").needs_escalation);
}

#[test]
fn no_internet_gets_first_aid_in_the_customers_language() {
    for (message, language, advice) in [
        ("не работает интернет", Language::Ru, "на 30 секунд"),
        ("интернет істемей тұр", Language::Kk, "30 секунд"),
        ("my internet is not working", Language::En, "30 seconds"),
    ] {
        let verdict = answer(message);
        assert_eq!(verdict.language, language);
        assert_eq!(
            (verdict.category.as_str(), verdict.department.as_str()),
            ("internet", "technical")
        );
        assert_eq!(verdict.priority, Priority::Medium);
        assert!(!verdict.needs_escalation && verdict.reason.is_none());
        assert!(verdict.reply.contains(advice), "{}", verdict.reply);
        assert_eq!(verdict.sources, ["internet-restart"]);
    }
}

#[test]
fn a_double_charge_calls_a_human_with_a_reason_in_the_customers_language() {
    for (message, language, reason) in [
        ("мало денег списали дважды, верните", Language::Ru, "деньгах"),
        ("ақшаны екі рет алып қойды, қайтарыңыз", Language::Kk, "Ақшаға"),
        ("I was charged twice, refund it", Language::En, "money"),
    ] {
        let verdict = answer(message);
        assert_eq!(verdict.language, language);
        assert_eq!(
            (verdict.category.as_str(), verdict.department.as_str()),
            ("billing", "financial")
        );
        assert!(verdict.needs_escalation);
        assert!(verdict.reason.unwrap().contains(reason));
        assert!(verdict.sources.contains(&"bill-check".to_owned()), "{:?}", verdict.sources);
    }
}

#[test]
fn what_was_tried_is_named_when_a_human_is_called() {
    let verdict = answer("Перезагрузил роутер и проверил кабель, интернета нет");
    assert!(verdict.needs_escalation);
    assert!(
        verdict.reply.contains("перезапустили оборудование и проверили кабели"),
        "{}",
        verdict.reply
    );
}

#[test]
fn advice_that_did_not_help_is_not_repeated() {
    for messages in [
        ["не работает интернет", "не помогло"],
        ["интернет жоқ", "көмектеспеді"],
        ["no internet connection", "that didn't help"],
        ["не работает интернет", "всё равно не работает"],
    ] {
        let verdict = converse(&messages);
        assert!(verdict.needs_escalation, "{messages:?}: {}", verdict.reply);
        assert_eq!(verdict.category, "internet");
    }
}

#[test]
fn the_same_question_again_gets_other_advice_or_a_human() {
    let first = answer("где посмотреть баланс");
    let second = converse(&["где посмотреть баланс", "где посмотреть баланс"]);
    assert!(second.needs_escalation || second.sources != first.sources, "{}", second.reply);
}

#[test]
fn a_new_question_after_advice_is_answered() {
    let verdict = converse(&["не работает интернет", "а как оплатить картой?"]);
    assert!(!verdict.needs_escalation, "{:?}", verdict.reason);
    assert_eq!(verdict.sources, ["how-to-pay"]);
}

#[test]
fn a_vague_message_is_asked_back_and_then_understood() {
    for message in ["не работает", "помогите", "көмектесіңізші", "I have a problem"]
    {
        let verdict = answer(message);
        assert!(!verdict.needs_escalation, "{message}");
        assert!(verdict.reply.contains('?'), "{message}: {}", verdict.reply);
        assert!(verdict.sources.is_empty(), "{message}: {:?}", verdict.sources);
    }
    let verdict = converse(&["не работает", "интернет"]);
    assert_eq!(verdict.sources, ["internet-restart"], "{}", verdict.reply);
    assert!(converse(&["помогите", "ну это самое"]).needs_escalation);
}

#[test]
fn greetings_and_thanks_are_low() {
    for (message, beginning) in
        [("Здравствуйте", "Здравствуйте!"), ("сәлем", "Сәлеметсіз"), ("thanks!", "You are welcome")]
    {
        let verdict = answer(message);
        assert_eq!(verdict.priority, Priority::Low);
        assert!(verdict.reply.starts_with(beginning), "{}", verdict.reply);
        assert_eq!(verdict.subject, None);
    }
}

#[test]
fn an_image_alone_is_acknowledged_and_asked_about() {
    let turn = Turn { images: 1, language: Some(Language::Kk), ..Turn::default() };
    let verdict = ASSISTANT.decide(&turn);
    assert_eq!(verdict.language, Language::Kk);
    assert!(!verdict.needs_escalation && verdict.reply.contains("Суретіңізге"));
}

#[test]
fn a_long_first_line_is_cut_at_a_word_for_the_subject() {
    let subject = answer(&"слово ".repeat(40)).subject.unwrap();
    assert!(subject.ends_with("слово…"), "{subject}");
    assert!(subject.chars().count() <= 81);
}

#[test]
fn typos_are_understood() {
    assert_eq!(answer("не работает интренет").sources, ["internet-restart"]);
    assert!(answer("позовите операторра").needs_escalation);
}

#[test]
fn a_turn_is_quick() {
    let messages: Vec<String> = cases().into_iter().map(|case| case.text).collect();
    answer("warm");
    let start = Instant::now();
    for message in &messages {
        answer(message);
    }
    let each = start.elapsed() / u32::try_from(messages.len()).unwrap();
    assert!(each.as_millis() < 50, "{each:?}");
}

proptest! {
    #[test]
    fn no_message_is_too_strange(message in any::<String>(), earlier in any::<String>()) {
        let turn = Turn {
            message: message.clone(),
            history: vec![Said { by: Speaker::Assistant, text: earlier }],
            ..Turn::default()
        };
        let verdict = ASSISTANT.decide(&turn);
        prop_assert!(!verdict.reply.is_empty());
        let _ = detect(&message);
    }

    #[test]
    fn letters_of_every_alphabet_are_read(message in "[a-zа-яәғқңөұүһі0-9 .,!?'’*|+-]{0,200}") {
        prop_assert!(!answer(&message).reply.is_empty());
        let _ = detect(&message);
    }
}
