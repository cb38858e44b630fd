//! The layers that the configuration is read from, and how they are laid over each other.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use figment::error::Kind;
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use serde::Deserialize;
use serde::de::value::MapDeserializer;

use super::error::broken_rule;
use super::{Config, ConfigError};

/// Where an option was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nowhere: it has its default.
    Default,
    /// In a TOML file.
    File(PathBuf),
    /// In `.env` in the working directory.
    DotEnv,
    /// In the environment.
    Environment,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the defaults"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::DotEnv => f.write_str(".env"),
            Self::Environment => f.write_str("the environment"),
        }
    }
}

/// What one source sets. Blank values are left out: they count as not set.
pub(super) struct Layer {
    source: Source,
    values: Dict,
}

impl Layer {
    pub(super) fn defaults() -> Result<Self, ConfigError> {
        Self::toml(Source::Default, super::EXAMPLE)
    }

    pub(super) fn file(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError::new(format!(
                "The configuration file {} can't be read: {error}.",
                path.display()
            ))
        })?;
        Self::toml(Source::File(path.to_owned()), &text)
    }

    pub(super) fn toml(source: Source, text: &str) -> Result<Self, ConfigError> {
        // The error's own text would quote the line, and with it maybe a secret.
        let table: toml::Table = toml::from_str(text).map_err(|error: toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
            ConfigError::new(format!(
                "{source} is not valid TOML at line {line}: {}.",
                error.message()
            ))
        })?;
        if let Some(name) = table.keys().find(|name| !names().contains(&name.as_str())) {
            return Err(ConfigError::unknown(name, &source));
        }
        let mut values = Dict::new();
        for (name, value) in table {
            if value.as_str().is_some_and(|text| text.trim().is_empty()) {
                continue;
            }
            let value = Value::serialize(value).map_err(|error| {
                ConfigError::rule(&name, Some(&source), &broken_rule(&error.kind))
            })?;
            values.insert(name, value);
        }
        Ok(Self { source, values })
    }

    pub(super) fn dotenv(path: &Path) -> Result<Self, ConfigError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(ConfigError::new(format!("The file .env can't be read: {error}.")));
            }
        };
        let text = text.trim_start_matches('\u{feff}');
        let variables: Result<Vec<_>, _> = dotenvy::from_read_iter(text.as_bytes()).collect();
        let variables = variables.map_err(|error| broken_dotenv(&error, text))?;
        Ok(Self::variables(Source::DotEnv, variables))
    }

    pub(super) fn environment() -> Result<Self, ConfigError> {
        let mut variables = Vec::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| option(name).is_some()) else { continue };
            let value = value.into_string().map_err(|_| {
                ConfigError::rule(name, Some(&Source::Environment), "must be UTF-8 text")
            })?;
            variables.push((name.to_owned(), value));
        }
        Ok(Self::variables(Source::Environment, variables))
    }

    /// Values stay strings here: a key made of digits is no number.
    pub(super) fn variables(
        source: Source,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let values = variables
            .into_iter()
            .filter(|(_, value)| !value.trim().is_empty())
            .filter_map(|(name, value)| Some((option(&name)?.to_owned(), Value::from(value))))
            .collect();
        Self { source, values }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.to_string())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

/// Lays the layers over each other, the last one uppermost.
pub(super) fn merge(layers: Vec<Layer>) -> Result<Config, ConfigError> {
    let mut sources = BTreeMap::new();
    let mut figment = Figment::new();
    for layer in layers {
        if layer.source != Source::Default {
            sources.extend(layer.values.keys().map(|name| (name.clone(), layer.source.clone())));
        }
        figment = figment.merge(layer);
    }
    let mut config: Config = figment.extract_lossy().map_err(|error| {
        let name = error.path.first().map_or("an option", String::as_str);
        ConfigError::rule(name, sources.get(name), &broken_rule(&error.kind))
    })?;
    config.sources = sources;
    Ok(config)
}

/// The names of all options, as the fields of [`Config`].
pub(super) fn names() -> &'static [&'static str] {
    // Serde tells the fields to whoever offers one that does not exist.
    static NAMES: LazyLock<&[&str]> = LazyLock::new(|| {
        let stranger = MapDeserializer::<_, figment::Error>::new([("", "")].into_iter());
        match Config::deserialize(stranger).map_err(|error| error.kind) {
            Err(Kind::UnknownField(_, names)) => names,
            _ => &[],
        }
    });
    &NAMES
}

/// The option that a variable sets, if it is one of ours.
fn option(variable: &str) -> Option<&'static str> {
    if variable.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    names().iter().copied().find(|name| name.eq_ignore_ascii_case(variable))
}

/// The error's own text would quote the line, and with it maybe a secret.
fn broken_dotenv(error: &dotenvy::Error, text: &str) -> ConfigError {
    let place = match error {
        dotenvy::Error::LineParse(broken, _) => {
            text.lines().position(|line| line.contains(broken.trim()))
        }
        _ => None,
    };
    let place = place.map(|index| format!(" at line {}", index + 1)).unwrap_or_default();
    ConfigError::new(format!(
        "The file .env can't be understood{place}: it must hold NAME=value lines, a value with \
         blanks or signs in single quotes."
    ))
}
