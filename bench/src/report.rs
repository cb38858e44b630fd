//! docs/PERFORMANCE.md: a section a part, each written anew by its own run.

use std::fmt;
use std::fs;

use crate::{Result, tell};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/PERFORMANCE.md");

const HEAD: &str = "# Performance

Measured by `make bench`, which writes each section anew. Machines differ and are noisy: what counts
are the ratios between rows of one table, which were measured in turns in one run.
";

/// The value in the middle.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A share, as it is shown.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Whether a goal is met, as it is shown.
pub fn met(is_met: bool) -> String {
    if is_met { "yes" } else { "**no**" }.to_owned()
}

/// A table under a line that says what it shows.
pub struct Table {
    title: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(title: &str, head: &[&str]) -> Self {
        let head = head.iter().map(ToString::to_string).collect();
        Self { title: title.to_owned(), head, rows: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "### {}\n\n| {} |", self.title, self.head.join(" | "))?;
        writeln!(f, "|{}", "---|".repeat(self.head.len()))?;
        for row in &self.rows {
            writeln!(f, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }
}

/// Tells the tables, and writes their section unless `is_dry`.
///
/// # Errors
/// As [`write_section`].
pub fn publish(is_dry: bool, title: &str, intro: &str, tables: &[Table]) -> Result<()> {
    for table in tables {
        tell(&table.to_string());
    }
    if is_dry { Ok(()) } else { write_section(title, intro, tables) }
}

/// Puts a section in the place of the one with the same title, or at the end.
///
/// # Errors
/// When the document can't be written.
pub fn write_section(title: &str, intro: &str, tables: &[Table]) -> Result<()> {
    let heading = format!("## {title}\n");
    let mut section = format!("{heading}\n`{}` on {}.\n\n{intro}\n", command(), machine());
    for table in tables {
        section.push_str(&format!("\n{table}"));
    }
    let document = fs::read_to_string(DOCUMENT).unwrap_or_else(|_| HEAD.to_owned());
    let (before, after) = match document.find(&heading) {
        None => (document.trim_end(), ""),
        Some(start) => {
            let rest = &document[start + heading.len()..];
            let end = rest.find("\n## ").map_or("", |end| &rest[end + 1..]);
            (document[..start].trim_end(), end)
        }
    };
    let text = format!("{before}\n\n{section}\n{after}");
    fs::write(DOCUMENT, format!("{}\n", text.trim_end())).map_err(|e| e.to_string())
}

/// What gives the section anew: with the options that this run had.
fn command() -> String {
    let arguments = std::env::args().skip(1);
    ["bench/run.sh".to_owned()].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}

/// What the figures were measured on.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("an unknown processor", |model| model.trim_matches([' ', '\t', ':']));
    format!("{cores} cores of {model}, generator and servers on the same machine")
}
