//! Configuration: what can be set, from where, and what is refused.
//!
//! The layers, each over the one before it: the defaults (`config.example.toml`, embedded), a
//! TOML file, `.env`, the environment. The names are the same everywhere, lower case in the file
//! and upper case elsewhere. Everything is checked once, at start, and a refusal is one sentence
//! that names the variable, where it was set, and the rule; it never shows a value.

mod checks;
mod choices;
mod error;
mod layers;
mod location;
mod options;
mod parse;
mod switches;

use std::path::Path;

pub use choices::{EmailSecurity, LogFormat, TelegramMode};
pub use error::ConfigError;
pub use layers::Source;
pub use location::Location;
pub use options::Config;

pub(crate) use parse::{KEY_LENGTH, KEY_RULE};

use layers::Layer;

/// Every option with its default, as a TOML file with one comment line each.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// The file that is read from the working directory when none is named.
pub const FILE: &str = "centrium.toml";

impl Config {
    /// Reads all layers: `file` (else `centrium.toml` in the working directory, if there), `.env`
    /// in the working directory, and the environment. The environment itself is not changed.
    ///
    /// # Errors
    /// A file that can't be read, an unknown option, a value against its rule, or a channel that
    /// is half-configured or not part of this version.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut layers = vec![Layer::defaults()?];
        match file {
            Some(path) => layers.push(Layer::file(path)?),
            None if Path::new(FILE).exists() => layers.push(Layer::file(Path::new(FILE))?),
            None => {}
        }
        layers.push(Layer::dotenv(Path::new(".env"))?);
        layers.push(Layer::environment()?);
        Self::from(layers)
    }

    /// The same from layers that are given: the text of a TOML file, and variables.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_layers(
        file: Option<&str>,
        dotenv: impl IntoIterator<Item = (String, String)>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut layers = vec![Layer::defaults()?];
        if let Some(text) = file {
            layers.push(Layer::toml(Source::File(FILE.into()), text)?);
        }
        layers.push(Layer::variables(Source::DotEnv, dotenv));
        layers.push(Layer::variables(Source::Environment, env));
        Self::from(layers)
    }

    fn from(layers: Vec<Layer>) -> Result<Self, ConfigError> {
        let mut config = layers::merge(layers)?;
        config.complete();
        config.check()?;
        config.check_switches()?;
        Ok(config)
    }

    /// Where an option (by its upper-case name) was set; `None` when it has its default.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.sources.get(&name.to_ascii_lowercase())
    }

    /// The defaults with these variables, for tests.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    #[cfg(any(test, feature = "testing"))]
    pub fn with(variables: &[(&str, &str)]) -> Result<Self, ConfigError> {
        let owned = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Self::from_layers(None, [], owned)
    }
}

#[cfg(test)]
mod tests;
