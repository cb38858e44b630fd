//! `centrium train`: what the built-in assistant's classifier learns from labelled messages.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::say;
use crate::app::{AppError, Choices};
use crate::assistant::classifier::train;
use crate::config::Config;
use crate::eval::{self, case};

/// What to learn from, and where to write it.
#[derive(Debug, Args)]
pub(super) struct Train {
    /// The folder of the cases; those of its subfolder `train` are learnt from
    #[arg(long, value_name = "DIR", default_value = "prompts/cases")]
    cases: PathBuf,
    /// The file to write [default: classifier.txt in `PROMPTS_DIR`, or else in prompts]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) async fn run(options: Train, config: Config) -> Result<(), AppError> {
    let now = Choices::of(&config)?.live.now();
    let cases = case::read(&options.cases.join("train"), &now.prompts)
        .map_err(|e| AppError::new("Can't read the cases", e))?;
    let examples = eval::examples(&now.builtin, &cases)
        .await
        .map_err(|e| AppError::new("The assistant has no answer", e))?;
    let categories: Vec<String> = now.prompts.categories().map(str::to_owned).collect();
    let text = train(&examples, &categories).to_text();
    let folder = config.prompts_dir.as_deref().unwrap_or_else(|| Path::new("prompts"));
    let file = options.out.unwrap_or_else(|| folder.join("classifier.txt"));
    fs::write(&file, &text)
        .map_err(|e| AppError::new(&format!("Can't write {}", file.display()), e))?;
    say(format!("{}: learnt from {} cases", file.display(), cases.len()));
    Ok(())
}
