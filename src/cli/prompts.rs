//! `centrium prompts`: what the assistant knows and follows.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::say;
use crate::app::AppError;
use crate::assistant::PromptsError;
use crate::assistant::prompts::check::{Report, check};
use crate::config::Config;
use crate::eval::case;

/// What to do with prompts.
#[derive(Debug, Subcommand)]
pub(super) enum Prompts {
    /// Read all files of a prompts folder and say what is wrong with them
    #[command(after_help = "Example:\n  centrium prompts check /etc/centrium/prompts")]
    Check {
        /// The folder [default: PROMPTS_DIR, or else the files in the program]
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// `file` names the configuration, which is read only where it is needed.
pub(super) fn run(command: &Prompts, file: Option<&Path>) -> Result<(), AppError> {
    let Prompts::Check { dir } = command;
    let dir = match dir {
        Some(dir) => Some(dir.clone()),
        None => Config::load(file).map_err(|e| AppError(e.to_string()))?.prompts_dir,
    };
    let mut report = check(dir.as_deref());
    for fault in &report.faults {
        say(shown(dir.as_deref(), fault));
    }
    let mut faults = report.faults.len();
    if let Some(dir) = &dir {
        let (files, wrong) = case::check(&dir.join("cases"), &report.prompts);
        report.read.push((files, "files of cases"));
        faults += wrong.len();
        wrong.iter().for_each(|fault| say(fault.to_string()));
    }
    match faults {
        0 => say(summary(&report)),
        1 => return Err(AppError(String::from("There is one fault in the prompts."))),
        many => return Err(AppError(format!("There are {many} faults in the prompts."))),
    }
    Ok(())
}

/// With the path under which an editor opens the file.
fn shown(dir: Option<&Path>, fault: &PromptsError) -> String {
    let path = dir.map(|dir| dir.join(&fault.file)).filter(|path| path.exists());
    let file = path.map_or_else(|| fault.file.clone(), |path| path.display().to_string());
    PromptsError { file, ..fault.clone() }.to_string()
}

fn summary(report: &Report) -> String {
    let read: Vec<_> = report.read.iter().map(|(count, what)| format!("{count} {what}")).collect();
    format!("{}: all is well.", read.join(", "))
}
