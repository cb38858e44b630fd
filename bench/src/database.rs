//! A database for each server: a file, or one on the server that `TEST_DATABASE_URL` names.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::postgres;
use crate::stock::Stock;
use crate::{Result, process};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    /// As it is written in commands.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// A database, removed by [`remove`](Database::remove), and the folder of the servers that run on it.
pub struct Database {
    pub url: String,
    /// Its name on the server, where it is one of PostgreSQL.
    name: Option<String>,
    path: PathBuf,
    processes: Processes,
    _folder: TempDir,
}

impl Database {
    /// Makes an empty one.
    ///
    /// # Errors
    /// When it can't be made.
    pub async fn create(kind: Kind) -> Result<Self> {
        let (folder, path) = folder()?;
        match kind {
            Kind::Sqlite => {
                let url = sqlite_url(&path.join("centrium.db"));
                Ok(Self::new(url, None, folder, path))
            }
            Kind::Postgres => {
                let name = new_name();
                postgres::execute(&format!("CREATE DATABASE {name}")).await?;
                let url = postgres::url_of(&name)?;
                Ok(Self::new(url, Some(name), folder, path))
            }
        }
    }

    /// Makes a copy of one that is kept.
    ///
    /// # Errors
    /// When it can't be made.
    pub async fn copy(stock: &Stock) -> Result<Self> {
        let (folder, path) = folder()?;
        match stock {
            Stock::File(file) => {
                let copy = path.join("centrium.db");
                copy_file(file, &copy).map_err(|e| format!("{}: {e}", file.display()))?;
                Ok(Self::new(sqlite_url(&copy), None, folder, path))
            }
            Stock::Template(template) => {
                let name = new_name();
                postgres::copy(template, &name).await?;
                let url = postgres::url_of(&name)?;
                Ok(Self::new(url, Some(name), folder, path))
            }
        }
    }

    fn new(url: String, name: Option<String>, folder: TempDir, path: PathBuf) -> Self {
        Self { url, name, path, processes: Processes::default(), _folder: folder }
    }

    /// The data folder of the servers that run on it, one after the other.
    pub fn folder(&self) -> &Path {
        &self.path
    }

    /// Runs statements, which are on the disk afterwards: what is left to be written would slow the
    /// commits of the run.
    ///
    /// # Errors
    /// What the database says against them.
    pub async fn execute(&self, sql: &str) -> Result<()> {
        match &self.name {
            Some(_) => {
                postgres::execute_on(&self.url, sql).await?;
                postgres::execute("CHECKPOINT").await
            }
            // Closing the file writes its log into it.
            None => Connection::open(self.path.join("centrium.db"))
                .and_then(|conn| conn.execute_batch(sql))
                .map_err(|e| e.to_string()),
        }
    }

    /// The first column, which must be a text, of what a query finds.
    ///
    /// # Errors
    /// When it can't be asked.
    pub async fn texts(&self, sql: &str) -> Result<Vec<String>> {
        match &self.name {
            Some(_) => postgres::texts(&self.url, sql).await,
            None => sqlite_texts(&self.path.join("centrium.db"), sql).map_err(|e| e.to_string()),
        }
    }

    /// The number that a query finds. It must be selected as a text.
    ///
    /// # Errors
    /// When it can't be asked, or finds none.
    pub async fn number(&self, sql: &str) -> Result<i64> {
        let found = self.texts(sql).await?;
        let number = found.first().and_then(|text| text.parse().ok());
        number.ok_or_else(|| format!("no number: {sql}"))
    }

    /// How many tickets and contacts wait to be written into the search index.
    ///
    /// # Errors
    /// When it can't be asked.
    pub async fn behind(&self) -> Result<i64> {
        self.number(
            "SELECT CAST((SELECT count(*) FROM contacts WHERE indexed_version < search_version)
                       + (SELECT count(*) FROM tickets WHERE indexed_version < version) AS TEXT)",
        )
        .await
    }

    /// Seconds of processor time that the database's own processes have used, those that have ended
    /// included, as far as a call before has seen them: it grows from call to call. None on SQLite,
    /// which runs within its engine.
    ///
    /// # Errors
    /// When it can't be asked.
    pub async fn cpu(&self) -> Result<f64> {
        let Some(name) = &self.name else { return Ok(0.0) };
        let sql = format!(
            "SELECT concat(pid, ' ', backend_start) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        let living = postgres::texts(&postgres::server()?, &sql).await?;
        // What one has used that has ended since it was told of is as it was seen last.
        Ok(self.processes.sum(living.into_iter().filter_map(|process| {
            let pid = process.split_whitespace().next()?.parse().ok()?;
            Some((process, process::cpu(pid).ok()?))
        })))
    }

    /// Removes it, whoever is still connected.
    ///
    /// # Errors
    /// When the server is gone.
    pub async fn remove(self) -> Result<()> {
        match &self.name {
            Some(name) => postgres::drop_database(name).await,
            None => Ok(()),
        }
    }
}

/// What each process was last seen to have used, in seconds, by its number and the time of its
/// start: numbers are given again. Workers of PostgreSQL's own come and go.
#[derive(Default)]
struct Processes(Mutex<HashMap<String, f64>>);

impl Processes {
    /// What those that live, and those that did, have used together.
    fn sum(&self, living: impl Iterator<Item = (String, f64)>) -> f64 {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend(living);
        seen.values().sum()
    }
}

/// A folder below `target`, on the disk that the work is on: /tmp may be memory, where a commit
/// costs nothing.
///
/// # Errors
/// When it can't be made.
pub fn folder() -> Result<(TempDir, PathBuf)> {
    let folder = TempDir::with_prefix_in("bench-", "target").map_err(|e| e.to_string())?;
    let path = folder.path().canonicalize().map_err(|e| e.to_string())?;
    Ok((folder, path))
}

pub fn sqlite_url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

/// All of it is on the disk before anything is timed: what is left to be written would slow the
/// commits of the run.
fn copy_file(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::copy(from, to)?;
    std::fs::File::open(to)?.sync_all()
}

fn sqlite_texts(path: &Path, sql: &str) -> rusqlite::Result<Vec<String>> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// No two benches use the same name, and one that has ended can be told by it.
fn new_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}{}_{}", postgres::RUN, std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_has_ended_counts_with_what_it_was_last_seen_to_have_used() {
        let processes = Processes::default();
        let sum = |living: &[(&str, f64)]| {
            processes.sum(living.iter().map(|(process, used)| ((*process).to_owned(), *used)))
        };
        let figures = [
            sum(&[("7 monday", 1.0), ("8 monday", 2.0)]),
            sum(&[("7 monday", 1.5)]),
            sum(&[("7 monday", 1.5), ("8 tuesday", 0.25)]),
        ];
        assert_eq!(figures, [3.0, 3.5, 3.75]);
    }
}
