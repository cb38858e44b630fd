//! What the tree is made of: licences, doubles, sources, and a reason for each direct dependency.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Licences that ask no more than to be named.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// A second version of one of these is paid for in build time, size, and types that don't fit.
const ONE_VERSION: &[&str] = &[
    "axum",
    "chrono",
    "clap",
    "diesel",
    "diesel-async",
    "h2",
    "html5ever",
    "http",
    "hyper",
    "hyper-util",
    "image",
    "libsqlite3-sys",
    "mail-parser",
    "metrics",
    "minijinja",
    "object_store",
    "regex",
    "reqwest",
    "ring",
    "rustls",
    "serde",
    "serde_json",
    "time",
    "tokio",
    "tokio-postgres",
    "tokio-rustls",
    "tokio-tungstenite",
    "tower",
    "tower-http",
    "tracing",
    "tungstenite",
    "url",
    "utoipa",
];

/// Doubles of the list above that are accepted, each with its reason.
const ACCEPTED_DOUBLES: &[(&str, &str)] = &[];

/// A second TLS provider makes rustls' own choice of one fail at run time; C ones also need more
/// than a compiler to build.
const FORBIDDEN: &[&str] = &["aws-lc-rs", "aws-lc-sys", "native-tls", "openssl", "openssl-sys"];

#[test]
fn every_licence_is_permissive() {
    let mut wrong = Vec::new();
    for package in metadata().packages {
        match &package.license {
            Some(licence) if is_allowed(licence) => {}
            licence => wrong.push(format!("{}: {licence:?}", package.name)),
        }
    }
    assert!(wrong.is_empty(), "licences outside of LICENCES:\n{}", wrong.join("\n"));
}

#[test]
fn heavy_crates_have_one_version() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in metadata().packages {
        versions.entry(package.name.to_string()).or_default().insert(package.version.to_string());
    }
    for name in ONE_VERSION {
        let accepted = ACCEPTED_DOUBLES.iter().any(|(double, _)| double == name);
        let found = versions.get(*name).map_or(0, BTreeSet::len);
        assert!(found < 2 || accepted, "{name} is there twice: {:?}", versions[*name]);
        assert!(found > 1 || !accepted, "{name} is no double any more: take it off the list");
    }
}

/// Reads the lock file, which knows every platform and not only this one.
#[test]
fn all_comes_from_the_registry_and_nothing_brings_a_second_tls() {
    let lock: toml::Table = toml::from_str(&repository_file("Cargo.lock")).unwrap();
    for package in lock["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        assert!(!FORBIDDEN.contains(&name), "{name} is in the tree: cargo tree -i {name}");
        let source = package.get("source").and_then(toml::Value::as_str);
        let ours = name.starts_with("centrium");
        let ordinary =
            source.is_some_and(|s| s.starts_with("registry+") && s.ends_with("/crates.io-index"));
        assert!(ours || ordinary, "{name} comes from {source:?}");
    }
}

#[test]
fn contributing_gives_a_reason_for_each_dependency_and_for_no_other() {
    let text = repository_file("CONTRIBUTING.md");
    let (_, list) = text.split_once("## Dependencies").unwrap();
    let named: BTreeSet<&str> = list
        .lines()
        .filter_map(|line| line.strip_prefix("- `")?.split_once("`: "))
        .filter(|(_, reason)| !reason.trim().is_empty())
        .map(|(name, _)| name)
        .collect();
    let metadata = metadata();
    let members = metadata.workspace_packages();
    let is_ours = |name: &str| members.iter().any(|member| member.name == name);
    let direct: BTreeSet<&str> = members
        .iter()
        .flat_map(|member: &&Package| &member.dependencies)
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.name.as_str())
        .filter(|name| !is_ours(name))
        .collect();
    let missing: Vec<_> = direct.difference(&named).collect();
    let gone: Vec<_> = named.difference(&direct).collect();
    assert!(missing.is_empty(), "CONTRIBUTING.md gives no reason for {missing:?}");
    assert!(gone.is_empty(), "CONTRIBUTING.md still names {gone:?}");
}

/// The tree as this machine builds it: other platforms' crates were never downloaded here.
fn metadata() -> Metadata {
    let host = Command::new("rustc").args(["--print", "host-tuple"]).output().unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    MetadataCommand::new()
        .manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .other_options(
            ["--offline", "--locked", "--filter-platform", host.trim()].map(String::from),
        )
        .exec()
        .unwrap()
}

fn repository_file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Whether a licence expression can be met from the list: `A OR B` by either, `A AND B` by both.
/// Older crates write `/` for `OR`.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let allowed = either(&mut words);
    allowed && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>) -> bool {
    let mut allowed = both(words);
    while words.next_if_eq(&"OR").is_some() {
        allowed |= both(words);
    }
    allowed
}

fn both(words: &mut Words<'_>) -> bool {
    let mut allowed = one(words);
    while words.next_if_eq(&"AND").is_some() {
        allowed &= one(words);
    }
    allowed
}

fn one(words: &mut Words<'_>) -> bool {
    match words.next() {
        Some("(") => {
            let allowed = either(words);
            allowed && words.next() == Some(")")
        }
        Some(licence) => {
            // An exception only adds to what the licence allows.
            if words.next_if_eq(&"WITH").is_some() {
                words.next();
            }
            LICENCES.contains(&licence)
        }
        None => false,
    }
}

#[test]
fn licence_expressions_are_read() {
    assert!(is_allowed("MIT/Apache-2.0"));
    assert!(is_allowed("Apache-2.0 WITH LLVM-exception OR GPL-3.0"));
    assert!(is_allowed("(MIT OR GPL-2.0) AND Unicode-3.0"));
    assert!(!is_allowed("MIT AND GPL-3.0"));
    assert!(!is_allowed("(MIT OR Apache-2.0) AND AGPL-3.0-only"));
    assert!(!is_allowed(""));
    assert!(!is_allowed("MIT MIT"));
}
