//! `prompts check`, and a running engine that reads its prompts again.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Method;
use tokio::process::Command;

use crate::harness::{API_TOKEN, Kind, Place};

/// How soon a signal has come to something, in a debug build on a busy machine.
const SOON: Duration = Duration::from_secs(30);

const ARTICLE: &str = "+++\nid = \"balance\"\nlanguage = \"en\"\ncategory = \"billing\"\n\
     title = \"Balance\"\nquestions = [\"what is my balance\"]\n+++\n";

fn write(place: &Place, file: &str, text: &str) -> PathBuf {
    let path = place.folder.path().join("prompts").join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn prompts_without_a_fault_are_counted() {
    let place = Place::new(Kind::Sqlite).await;
    let own = place.run(&["prompts", "check"]).await.ok();
    assert!(own.contains(" articles, ") && own.ends_with(": all is well.\n"), "{own}");
    let repository = format!("{}/prompts", env!("CARGO_MANIFEST_DIR"));
    let all = place.run(&["prompts", "check", &repository]).await.ok();
    assert!(all.contains(" files of cases"), "{all}");
}

#[tokio::test]
async fn every_fault_is_told_with_file_and_line() {
    let mut place = Place::new(Kind::Sqlite).await;
    let text = write(&place, "texts/ru.ftl", "received\n");
    let article = write(&place, "knowledge/pets.md", &ARTICLE.replace("billing", "pets"));
    let folder = place.folder.path().join("prompts");
    place.set("PROMPTS_DIR", folder.display());
    let ended = place.run(&["prompts", "check"]).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let lines: Vec<_> = ended.stdout.lines().map(str::to_owned).collect();
    let article = article.display();
    let text = text.display();
    for expected in [
        format!("{article}:4: there is no category `pets`"),
        format!("{article}:8: the answer is empty"),
        format!("{text}:"),
        format!("{text}: the text `noted` is missing"),
    ] {
        assert!(lines.iter().any(|line| line.starts_with(&expected)), "{expected}\n{lines:#?}");
    }
    let sentence = ended.refused();
    assert_eq!(sentence, format!("centrium: There are {} faults in the prompts.", lines.len()));

    // An engine doesn't start with them, and names the first.
    let refused = place.run(&["serve"]).await.refused();
    assert!(
        refused.contains("PROMPTS_DIR") && refused.contains("knowledge/pets.md:4:"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_running_engine_reads_them_again_and_keeps_the_old_ones_at_a_fault() {
    let mut place = Place::new(Kind::Sqlite).await;
    write(&place, "knowledge/balance.en.md", &format!("{ARTICLE}Ask the oracle.\n"));
    let folder = place.folder.path().join("prompts");
    let engine = place.set("PROMPTS_DIR", folder.display()).start().await;
    let ask = async |who: &str| engine.http.say(who, "What is my balance?").await["reply"].clone();
    assert_eq!(ask("anna").await, "Ask the oracle.");

    write(&place, "knowledge/balance.en.md", &format!("{ARTICLE}Ask the new oracle.\n"));
    assert_eq!(ask("boris").await, "Ask the oracle.", "nothing is read without the signal");
    hang_up(engine.pid).await;
    logged(&place, "prompts.reloaded", 1).await;
    assert_eq!(ask("clara").await, "Ask the new oracle.");

    let broken = ARTICLE.replace("billing", "pets") + "Woof.\n";
    write(&place, "knowledge/balance.en.md", &broken);
    hang_up(engine.pid).await;
    logged(&place, "prompts.refused", 1).await;
    let log = place.stderr() + &place.stdout();
    let told = log.lines().find(|line| line.contains("prompts.refused")).unwrap();
    for part in ["knowledge/balance.en.md", "prompts.line=4", "there is no category `pets`"] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert_eq!(ask("dora").await, "Ask the new oracle.");
    assert_eq!(refused(&engine.http).await, "1");

    write(&place, "knowledge/balance.en.md", &format!("{ARTICLE}Ask the last oracle.\n"));
    hang_up(engine.pid).await;
    logged(&place, "prompts.reloaded", 2).await;
    assert_eq!(ask("emil").await, "Ask the last oracle.");
    assert_eq!(refused(&engine.http).await, "0");
    engine.terminate().await;
}

async fn hang_up(pid: u32) {
    let asked =
        Command::new("sh").args(["-c", "kill -HUP \"$0\"", &pid.to_string()]).status().await;
    assert!(asked.unwrap().success());
}

async fn logged(place: &Place, what: &str, times: usize) {
    let looking = async {
        while (place.stderr() + &place.stdout()).matches(what).count() < times {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, looking).await.unwrap_or_else(|_| panic!("{what} is not logged"));
}

/// What the metrics tell of it.
async fn refused(http: &crate::harness::Client) -> String {
    let asked = http.plain(Method::GET, "/metrics").bearer_auth(API_TOKEN);
    let metrics = String::from_utf8(http.send(asked).await.body).unwrap();
    let mut lines = metrics.lines();
    let gauge = lines.find_map(|line| line.strip_prefix("centrium_prompts_refused "));
    gauge.unwrap_or_else(|| panic!("no gauge in {metrics}")).to_owned()
}
