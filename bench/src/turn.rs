//! How long the built-in assistant thinks about a message, alone and without any I/O.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use centrium::assistant::{Builtin, Immediate, Language, Prompts, Texts, Turn};
use centrium::eval::case;

use crate::Result;
use crate::report::{self, Table, median, met};

#[derive(Debug, clap::Args)]
pub struct Options {
    /// Characters of the messages, give or take a quarter
    #[arg(long, default_value_t = 200)]
    characters: usize,
    /// How many times each message is answered
    #[arg(long, default_value_t = 200)]
    rounds: usize,
    /// Tell the figures and leave docs/PERFORMANCE.md alone
    #[arg(long)]
    dry: bool,
}

/// Microseconds.
const GOAL: f64 = 150.0;
const PROMPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../prompts");

/// Runs all of it, and writes the section of docs/PERFORMANCE.md.
///
/// # Errors
/// When the prompts or the cases can't be read.
pub fn run(options: &Options) -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let articles = double_articles(folder.path())?;
    let prompts = Arc::new(Prompts::load(Some(folder.path())).map_err(|e| e.to_string())?);
    let texts = Texts::new(&prompts, "Centrium", Language::Ru).map_err(|e| e.to_string())?;
    let builtin = Builtin::new(prompts.clone(), Arc::new(texts), Language::Ru);
    let cases =
        case::read(&Path::new(PROMPTS).join("cases/train"), &prompts).map_err(|e| e.to_string())?;

    let head = ["language", "messages", "median µs", "slowest in a hundred µs", "goal µs", "met"];
    let mut table = Table::new("One turn", &head);
    for language in Language::ALL {
        let nearly = options.characters * 3 / 4..=options.characters * 5 / 4;
        let turns: Vec<Turn> = (cases.iter())
            .filter(|case| case.language == language && case.history.is_empty())
            .filter(|case| nearly.contains(&case.text.chars().count()))
            .map(|case| Turn { message: case.text.clone(), ..Turn::default() })
            .collect();
        let mut times = measure(&builtin, &turns, options.rounds);
        times.sort_by(f64::total_cmp);
        let middle = median(times.iter().copied());
        let slow = times.get(times.len() * 99 / 100).copied().unwrap_or(f64::NAN);
        table.row(vec![
            language.to_string(),
            turns.len().to_string(),
            format!("{middle:.0}"),
            format!("{slow:.0}"),
            format!("≤ {GOAL:.0}"),
            met(middle <= GOAL),
        ]);
    }
    let intro = format!(
        "Microseconds that the built-in assistant takes for a message without a history, from its \
         text to the verdict, on one thread; no database and no network have a part in it. The \
         messages are those of prompts/cases/train of about {} characters, each answered {} times; \
         there are {articles} articles.",
        options.characters, options.rounds
    );
    report::publish(options.dry, "Turn", &intro, &[table])
}

/// The articles of the project once more under other names, as an installation might have added.
fn double_articles(folder: &Path) -> Result<usize> {
    let knowledge = folder.join("knowledge");
    fs::create_dir(&knowledge).map_err(|e| e.to_string())?;
    let mut count = 0;
    for entry in fs::read_dir(Path::new(PROMPTS).join("knowledge")).map_err(|e| e.to_string())? {
        let path = entry.map_err(|e| e.to_string())?.path();
        let text = fs::read_to_string(&path).map_err(|e| e.to_string())?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let text = text.replacen("id = \"", "id = \"more-", 1);
        fs::write(knowledge.join(format!("more-{name}")), text).map_err(|e| e.to_string())?;
        count += 2;
    }
    Ok(count)
}

fn measure(builtin: &Builtin, turns: &[Turn], rounds: usize) -> Vec<f64> {
    let mut times = Vec::new();
    for round in 0..=rounds {
        for turn in turns {
            let start = Instant::now();
            std::hint::black_box(builtin.decide(std::hint::black_box(turn)));
            // The first round is for the caches.
            if round > 0 {
                times.push(start.elapsed().as_secs_f64() * 1e6);
            }
        }
    }
    times
}
