//! Why the configuration was refused.

use figment::error::Kind;

use super::Source;

/// The configuration is refused: one sentence for the person who starts the engine. It names the
/// variable, where it was set and the rule, and never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    pub(super) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// `rule` goes on from the variable's name: "must be …".
    pub(super) fn rule(name: &str, source: Option<&Source>, rule: &str) -> Self {
        let source = source.unwrap_or(&Source::Default);
        Self(format!("{} in {source} {rule}.", name.to_ascii_uppercase()))
    }

    pub(super) fn unknown(name: &str, source: &Source) -> Self {
        let hint = if super::layers::names().contains(&name.to_ascii_lowercase().as_str()) {
            "; options in a file are written in lower case"
        } else {
            "; config.example.toml lists what there is"
        };
        Self(format!("There is no option `{name}`, which is set in {source}{hint}."))
    }
}

/// The rule that a value of the wrong shape broke. What serde found is left out on purpose: it
/// may be a secret.
pub(super) fn broken_rule(kind: &Kind) -> String {
    match kind {
        Kind::Message(rule) if rule.starts_with("must ") => rule.clone(),
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => shape(expected),
        Kind::UnknownVariant(_, expected) => format!("must be one of {}", expected.join(", ")),
        _ => "has a value that can't be read".into(),
    }
}

fn shape(expected: &str) -> String {
    let number = |low: i64, high: u64| format!("must be a whole number from {low} to {high}");
    match expected {
        "u16" => number(0, u16::MAX.into()),
        "u32" => number(0, u32::MAX.into()),
        "u64" => "must be a whole number, 0 or more".into(),
        "i64" => "must be a whole number".into(),
        "a boolean" => "must be true or false".into(),
        "a string" | "path string" => "must be a text in quotes".into(),
        other => format!("must be {other}"),
    }
}
