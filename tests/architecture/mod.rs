//! Who may name whom, held by reading the sources.
//!
//! `main → app → {api, panel} → the engine's rooms → store`, and only some rooms speak to
//! channels. A violation is a sentence with a file and a line.

mod paths;

use std::fs;
use std::path::{Path, PathBuf};

use paths::{Source, Use};

/// The layers, highest first. A file may name its own layer and those below it.
/// A module that stands nowhere here is a room of the engine: `ENGINE`.
const LAYERS: &[(&str, &[&str])] = &[
    ("the program", &["main"]),
    ("the assembly", &["lib", "app", "cli"]),
    ("the edges", EDGES),
    (ENGINE, &[]),
    ("the store", &["store"]),
    ("the ground", &["clock", "config", "error", "telemetry", "tls"]),
];
const ENGINE: &str = "the engine";

/// What speaks to people and machines outside. They call the same functions, not each other.
const EDGES: &[&str] = &["api", "panel"];

/// Who may work with channels. Everyone else knows their plain values only.
const SPEAKS_TO_CHANNELS: &[&str] = &["engine", "inbox", "ingest", "jobs", "desk", "app", "api"];
const CHANNEL_VALUES: &[&str] = &[
    "Attachment",
    "ChannelKind",
    "Content",
    "Delivery",
    "Error",
    "Health",
    "Idempotency",
    "KeyId",
    "Kind",
    "Problem",
    "Profile",
    "Receipt",
    "Reply",
    "Retry",
    "Status",
    "UnknownChannel",
];

/// Crates that speak SQL.
const SQL_CRATES: &[&str] = &["diesel", "diesel_async", "diesel_migrations", "bb8"];

const LONGEST_FILE: usize = 400;

/// Names that say nothing of what is inside, and so collect everything.
const DRAWERS: &[&str] =
    &["util", "utils", "common", "helper", "helpers", "types", "manager", "misc"];

#[test]
fn every_module_names_only_its_own_layer_and_those_below() {
    let mut wrong = Vec::new();
    for source in read("src") {
        for used in source.uses("crate").chain(source.uses("centrium")) {
            let (from, to) = (source.module(), used.first());
            if from == to || !source.knows(to) {
                continue;
            }
            let says = if layer(to) < layer(from) {
                format!("{from} ({}) names {to} ({}), which is above it", at(from), at(to))
            } else if EDGES.contains(&from) && EDGES.contains(&to) {
                format!("{from} names {to}: both call the engine, not each other")
            } else {
                continue;
            };
            // Rows are made of these; what they may do, the tickets' own functions know.
            if from == "store" && to == "tickets" && used.is_type(1) {
                continue;
            }
            wrong.push(source.sentence(used, &says));
        }
    }
    none(&wrong);
}

#[test]
fn only_the_store_names_diesel() {
    let mut wrong = Vec::new();
    for source in read("src").iter().filter(|source| source.module() != "store") {
        for name in SQL_CRATES {
            for used in source.uses(name) {
                wrong.push(source.sentence(used, &format!("{name} outside of src/store")));
            }
        }
        for (line, start) in source.sql() {
            let file = source.file.display();
            wrong.push(format!(
                "{file}:{line}: a string starts with {start}; SQL lives in src/store"
            ));
        }
    }
    none(&wrong);
}

#[test]
fn the_engine_speaks_to_channels_in_few_places() {
    let mut wrong = Vec::new();
    for source in read("src") {
        if SPEAKS_TO_CHANNELS.contains(&source.module()) {
            continue;
        }
        for used in source.uses("centrium_channels") {
            if !CHANNEL_VALUES.contains(&used.first()) {
                let says = format!(
                    "{} works with centrium_channels::{}; it may name only plain values of that crate",
                    source.module(),
                    used.first()
                );
                wrong.push(source.sentence(used, &says));
            }
        }
    }
    none(&wrong);
}

#[test]
fn channels_know_neither_the_database_nor_the_engine() {
    let mut wrong = Vec::new();
    for source in read("channels/src") {
        for name in SQL_CRATES.iter().chain(&["centrium", "libsqlite3_sys", "tokio_postgres"]) {
            for used in source.uses(name) {
                wrong.push(source.sentence(used, &format!("a channel names {name}")));
            }
        }
    }
    none(&wrong);
}

#[test]
fn directions_show_in_the_paths() {
    let mut wrong = Vec::new();
    for source in read("src") {
        for used in source.uses("super").filter(|used| source.is_left_by(used)) {
            wrong.push(source.sentence(used, "this leaves the module: write it from crate::"));
        }
    }
    none(&wrong);
}

#[test]
fn files_fit_on_a_few_screens_and_say_what_they_hold() {
    let mut wrong = Vec::new();
    for source in read("src").iter().chain(&read("channels/src")) {
        let file = source.file.display();
        let lines = source.text.lines().count();
        if lines > LONGEST_FILE {
            wrong.push(format!("{file}: {lines} lines, of at most {LONGEST_FILE}"));
        }
        for part in source.file.with_extension("").iter().filter_map(|part| part.to_str()) {
            if DRAWERS.contains(&part) {
                wrong.push(format!("{file}: \"{part}\" says nothing of what is inside"));
            }
        }
    }
    none(&wrong);
}

/// The place of a module among `LAYERS`; smaller is higher.
fn layer(module: &str) -> usize {
    let named = LAYERS.iter().position(|(_, modules)| modules.contains(&module));
    named.or_else(|| LAYERS.iter().position(|(name, _)| *name == ENGINE)).unwrap()
}

fn at(module: &str) -> &'static str {
    LAYERS[layer(module)].0
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// All Rust files below a folder of the repository.
fn read(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join(folder), &mut files);
    files.sort();
    assert!(!files.is_empty(), "no Rust file in {folder}");
    let mut top: Vec<String> = Vec::new();
    for file in &files {
        let below = file.strip_prefix(root.join(folder)).unwrap().with_extension("");
        top.extend(below.iter().next().and_then(|part| part.to_str()).map(str::to_owned));
    }
    let source = |file: &PathBuf| {
        let text = fs::read_to_string(file).unwrap();
        Source::new(file.strip_prefix(root).unwrap(), folder, &text, &top)
    };
    files.iter().map(source).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

impl Source {
    fn sentence(&self, used: &Use, says: &str) -> String {
        format!("{}:{}: {says} (`{}`)", self.file.display(), used.line, used.written())
    }
}
