//! `centrium eval` and `centrium train`.

use std::fs;

use serde_json::Value;

use crate::harness::{Kind, Place};

/// One that the assistant gets right, and two that are labelled wrongly on purpose.
const CASES: &str = r#"cases = [
  { text = "не работает интернет", language = "ru", category = "internet", escalate = false },
  { text = "позовите оператора", language = "ru", category = "tv", escalate = true, channel = "whatsapp" },
  { text = "where can I see my balance", language = "en", category = "billing", escalate = true },
]
"#;

async fn place_with(cases: &str) -> Place {
    let place = Place::new(Kind::Sqlite).await;
    let folder = place.folder.path().join("prompts/cases/train");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("mixed.toml"), cases).unwrap();
    place
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[tokio::test]
async fn the_scores_are_told_as_text() {
    let place = place_with(CASES).await;
    let finished = place.run(&["eval"]).await;
    assert_eq!(finished.stderr, "", "no bar where there is no terminal");
    let text = finished.ok();
    assert!(
        text.starts_with("3 cases (train), in percent\nprompts in use: the built-in"),
        "{text}"
    );
    let lines: Vec<_> = text.lines().map(words).collect();
    // Two need a human, who was called for one of them.
    let all = ["all", "3", "50.0", "100.0", "66.7", "66.7", "100.0", "-", "-"];
    assert!(lines.contains(&all.to_vec()), "{text}");
    let whatsapp = ["whatsapp", "1", "100.0", "100.0", "100.0", "0.0", "100.0", "-", "-"];
    assert!(lines.contains(&whatsapp.to_vec()), "{text}");
    assert!(!text.contains("Misses"), "{text}");

    let text = place.run(&["eval", "--misses"]).await.ok();
    let misses = text.split("Misses:\n").nth(1).unwrap();
    assert!(misses.contains("train/mixed.toml:3: \"позовите оператора\""), "{misses}");
    assert!(misses.contains("category other instead of tv\n  decided by rule "), "{misses}");
    assert!(
        misses.contains(
            "escalation no instead of yes\n  decided by article balance; nearest: balance "
        ),
        "{misses}"
    );
    assert!(!misses.contains("mixed.toml:2"), "{misses}");
}

#[tokio::test]
async fn the_scores_are_told_as_json() {
    let place = place_with(CASES).await;
    let text = place.run(&["eval", "--json", "--misses"]).await.ok();
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["set"], "train");
    assert_eq!(told["scores"]["all"]["cases"], 3);
    assert_eq!(told["folds"], Value::Null);
    assert_eq!(told["scores"]["all"]["recall"], 0.5);
    assert_eq!(told["scores"]["languages"]["en"]["precision"], Value::Null);
    assert_eq!(told["scores"]["channels"]["whatsapp"]["category"], 0.0);
    assert_eq!(told["scores"]["confusion"]["tv"]["other"], 1);
    assert_eq!(told["misses"].as_array().unwrap().len(), 2);
    assert_eq!(told["misses"][1]["articles"][0]["article"], "balance");
    assert_eq!(told["against"], Value::Null);
}

#[tokio::test]
async fn two_folders_of_prompts_are_compared() {
    let place = place_with(CASES).await;
    let other = place.folder.path().join("other");
    fs::create_dir(&other).unwrap();
    let rules = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/escalation.toml"));
    let more = "\n[[rule]]\nid = \"balance-asked\"\nreason.ru = \"x\"\nreason.kk = \"x\"\nreason.en = \"x\"\n\
                [rule.phrases]\nen = [\"my balance\"]\n";
    fs::write(other.join("escalation.toml"), rules.unwrap() + more).unwrap();
    let text = place.run(&["eval", "--against", "other"]).await.ok();
    let lines: Vec<_> = text.lines().map(words).collect();
    assert!(text.contains("\nagainst: other\n"), "{text}");
    assert!(lines.contains(&vec!["all", "recall", "50.0", "100.0", "+50.0"]), "{text}");
    assert!(lines.contains(&vec!["all", "precision", "100.0", "100.0", "+0.0"]), "{text}");
    let told = place.run(&["eval", "--against", "other", "--json"]).await.ok();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["scores"]["all"]["recall"], 0.5);
    assert_eq!(told["against"]["all"]["recall"], 1.0);

    let sentence = place.run(&["eval", "--against", "nowhere"]).await.refused();
    assert!(sentence.contains("--against") && sentence.contains("nowhere"), "{sentence}");
}

#[tokio::test]
async fn a_figure_below_the_least_fails() {
    let place = place_with(CASES).await;
    place.run(&["eval", "--least", "category=50,language=100"]).await.ok();
    let sentence = place.run(&["eval", "--least", "recall=90"]).await.refused();
    assert!(sentence.contains("recall of all is 50.0, not 90"), "{sentence}");
    assert!(sentence.contains("recall of en is 0.0") && !sentence.contains("of ru"), "{sentence}");
}

#[tokio::test]
async fn what_was_learnt_is_a_file_and_parts_are_judged_by_the_others() {
    let place = place_with(CASES).await;
    place.run(&["train", "--out", "first.txt"]).await.ok();
    place.run(&["train", "--out", "second.txt"]).await.ok();
    let learnt = |name| fs::read_to_string(place.folder.path().join(name)).unwrap();
    assert!(learnt("first.txt").contains("\ncategories internet tv billing other\n"));
    assert_eq!(learnt("first.txt"), learnt("second.txt"));
    let text = place.run(&["eval", "--folds", "3", "--json"]).await.ok();
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&told["folds"], &told["scores"]["all"]["cases"]), (&3.into(), &3.into()));
}

#[tokio::test]
async fn a_case_that_can_not_be_read_is_named_with_its_line() {
    let place = place_with(&CASES.replace("\"tv\"", "\"pets\"")).await;
    let sentence = place.run(&["eval"]).await.refused();
    let told = "prompts/cases/train/mixed.toml:3: there is no category `pets`.";
    assert!(sentence.ends_with(told), "{sentence}");
    let place = place_with(&CASES.replace("escalate = false", "escalate = 0")).await;
    let sentence = place.run(&["eval"]).await.refused();
    assert!(sentence.contains("mixed.toml:2: "), "{sentence}");
    let sentence = place.run(&["eval", "--set", "held-out"]).await.refused();
    assert!(sentence.contains("prompts/cases/held-out"), "{sentence}");
}
