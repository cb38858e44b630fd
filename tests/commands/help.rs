//! `--version` and `--help`.

use crate::harness::{Kind, Place};

const COMMANDS: &[&str] = &[
    "",
    "serve",
    "healthcheck",
    "migrate",
    "jobs",
    "jobs list",
    "jobs retry",
    "webhooks",
    "webhooks list",
    "webhooks deliveries",
    "webhooks retry",
    "set-webhook",
    "keys",
    "keys show",
    "keys rotate",
    "keys add",
    "keys remove",
    "eval",
    "train",
    "prompts",
    "prompts check",
    "bench",
    "bench seed",
    "openapi",
];

#[tokio::test]
async fn the_version_is_one_line() {
    let place = Place::new(Kind::Sqlite).await;
    let version = place.run(&["--version"]).await.ok();
    assert_eq!(version, format!("centrium {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn the_help_of_every_command_has_an_example() {
    let place = Place::new(Kind::Sqlite).await;
    for command in COMMANDS {
        let mut arguments: Vec<_> = command.split_whitespace().collect();
        arguments.push("--help");
        let help = place.run(&arguments).await.ok();
        let example = help.split("Example:").nth(1);
        let example = example.unwrap_or_else(|| panic!("centrium {command} --help: {help}"));
        assert!(example.contains(&format!("centrium {command}")) || command.is_empty(), "{help}");
        for listed in listed(&help) {
            let name = format!("{command} {listed}").trim().to_owned();
            assert!(COMMANDS.contains(&name.as_str()), "no test looks at `centrium {name}`");
        }
    }
}

/// The commands that a help page lists.
fn listed(help: &str) -> Vec<&str> {
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = commands.take_while(|line| !line.is_empty());
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}

#[tokio::test]
async fn an_unknown_command_is_told_with_the_usage() {
    let place = Place::new(Kind::Sqlite).await;
    let ended = place.run(&["serv"]).await;
    assert!(!ended.status.success() && ended.stderr.contains("Usage: centrium"), "{ended:?}");
}

#[tokio::test]
async fn the_openapi_document_is_json_and_needs_nothing() {
    let mut place = Place::new(Kind::Sqlite).await;
    place.set("API_TOKEN", "short");
    let document = place.run(&["openapi"]).await.ok();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert!(document["paths"].is_object());
}
