//! `centrium eval`: how good the assistant is on labelled messages.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{bar, say};
use crate::app::{AppError, Choices};
use crate::config::Config;
use crate::eval::score::Score;
use crate::eval::{self, Case, Judged, Scores, case, folds, report};

/// What to measure, and how to show it.
#[derive(Debug, Args)]
pub(super) struct Eval {
    /// The folder of the cases; its subfolders `train` and `held-out` are the two halves
    #[arg(long, value_name = "DIR", default_value = "prompts/cases")]
    cases: PathBuf,
    /// Which half: the one that prompts are written after, or the one that is only counted
    #[arg(long, value_enum, default_value_t = Half::Train)]
    set: Half,
    /// Judge the cases in so many parts, each by a classifier that learnt from the others only
    #[arg(long, value_name = "PARTS", conflicts_with = "against",
        value_parser = clap::value_parser!(u8).range(2..=100))]
    folds: Option<u8>,
    /// Another folder of prompts, to be compared with those in use (`PROMPTS_DIR`)
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Also list the cases that were judged wrongly, and what decided
    #[arg(long)]
    misses: bool,
    /// Fail when a figure, of all cases or of a language, is below so many percent
    #[arg(long, value_name = "FIGURE=PERCENT", value_delimiter = ',', value_parser = least)]
    least: Vec<(String, f64)>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Half {
    Train,
    HeldOut,
}

impl Half {
    /// As on the command line, and as the folder.
    const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::HeldOut => "held-out",
        }
    }
}

/// A figure and its least value, from 0 to 1.
fn least(text: &str) -> Result<(String, f64), String> {
    let (name, percent) = text.split_once('=').ok_or("write it as recall=95")?;
    let known = Score::default().figures().map(|(name, _)| name);
    if !known.contains(&name) {
        return Err(format!("the figures are {}", known.join(", ")));
    }
    let percent: f64 = percent.parse().map_err(|_| "that is no number".to_owned())?;
    Ok((name.to_owned(), percent / 100.0))
}

pub(super) async fn run(options: Eval, config: Config) -> Result<(), AppError> {
    let choices = Choices::of(&config)?;
    let folder = options.cases.join(options.set.name());
    let cases = case::read(&folder, &choices.live.now().prompts)
        .map_err(|e| AppError::new("Can't read the cases", e))?;
    let other = options.against.as_deref();
    let other = other.map(|folder| Choices::from_folder(&config, Some(folder), "--against"));
    let other = other.transpose()?;

    let judged = match options.folds {
        Some(parts) => judge_in_parts(&choices, &cases, parts).await?,
        None => judge("in use", &choices, &cases).await?,
    };
    let others = match &other {
        Some(other) => Some(Scores::of(&judge("against", other, &cases).await?)),
        None => None,
    };
    if options.json {
        say(format!("{:#}", document(&options, &judged, others.as_ref())));
    } else {
        show(&options, &config, &judged, others.as_ref());
    }
    let below = Scores::of(&judged).below(&options.least);
    if below.is_empty() { Ok(()) } else { Err(AppError(format!("{}.", below.join("; ")))) }
}

async fn judge<'a>(
    what: &'static str,
    choices: &Choices,
    cases: &'a [Case],
) -> Result<Vec<Judged<'a>>, AppError> {
    let bar = bar(what, cases.len() as u64);
    let mut judged = Vec::new();
    for case in cases {
        let one = eval::judge(&*choices.assistant, case).await.map_err(|e| {
            AppError::new(&format!("The assistant has no answer to {}", case.place), e)
        })?;
        judged.push(one);
        bar.inc(1);
    }
    bar.finish();
    Ok(judged)
}

async fn judge_in_parts<'a>(
    choices: &Choices,
    cases: &'a [Case],
    parts: u8,
) -> Result<Vec<Judged<'a>>, AppError> {
    let bar = bar("in parts", cases.len() as u64);
    let now = choices.live.now();
    let categories: Vec<String> = now.prompts.categories().map(str::to_owned).collect();
    let done = || bar.inc(1);
    let judged = folds::judge_in_parts(&now.builtin, &categories, cases, usize::from(parts), done)
        .await
        .map_err(|e| AppError::new("The assistant has no answer", e))?;
    bar.finish();
    Ok(judged)
}

fn show(options: &Eval, config: &Config, judged: &[Judged<'_>], others: Option<&Scores>) {
    let scores = Scores::of(judged);
    say(format!("{} cases ({}), in percent", judged.len(), options.set.name()));
    let in_use = config.prompts_dir.as_ref();
    say(format!(
        "prompts in use: {}",
        in_use.map_or_else(|| "the built-in ones".to_owned(), |dir| dir.display().to_string())
    ));
    if let Some(parts) = options.folds {
        say(format!("in {parts} parts, each judged by what was learnt from the others"));
    }
    if let (Some(folder), Some(others)) = (&options.against, others) {
        say(format!("against: {}\n\n{}", folder.display(), report::comparison(&scores, others)));
    } else {
        say(format!("\n{}", report::table(&scores)));
        say(format!("Categories:\n{}", report::confusion(&scores)));
    }
    if options.misses {
        say(format!("Misses:\n{}", report::misses(judged)));
    }
}

fn document(options: &Eval, judged: &[Judged<'_>], others: Option<&Scores>) -> Value {
    let mut document = json!({
        "set": options.set.name(),
        "folds": options.folds,
        "scores": report::json(&Scores::of(judged)),
    });
    if let Some(others) = others {
        document["against"] = report::json(others);
    }
    if options.misses {
        document["misses"] = report::json_misses(judged);
    }
    document
}
