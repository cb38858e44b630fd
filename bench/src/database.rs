//! A database for each server: a file, or one on the server that `TEST_DATABASE_URL` names.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

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
                Ok(Self { url, name: None, path, _folder: folder })
            }
            Kind::Postgres => {
                let name = new_name();
                postgres::execute(&format!("CREATE DATABASE {name}")).await?;
                let url = postgres::url_of(&name)?;
                Ok(Self { url, name: Some(name), path, _folder: folder })
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
                Ok(Self { url: sqlite_url(&copy), name: None, path, _folder: folder })
            }
            Stock::Template(template) => {
                let name = new_name();
                postgres::copy(template, &name).await?;
                let url = postgres::url_of(&name)?;
                Ok(Self { url, name: Some(name), path, _folder: folder })
            }
        }
    }

    /// The data folder of the servers that run on it, one after the other.
    pub fn folder(&self) -> &Path {
        &self.path
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

    /// Seconds of processor time that the database's own processes have used for the connections
    /// that are open now; none on SQLite, which runs within its engine.
    ///
    /// # Errors
    /// When it can't be asked.
    pub async fn cpu(&self) -> Result<f64> {
        let Some(name) = &self.name else { return Ok(0.0) };
        let sql = format!("SELECT pid::text FROM pg_stat_activity WHERE datname = '{name}'");
        let pids = postgres::texts(&postgres::server()?, &sql).await?;
        // One that has ended meanwhile had done little.
        let seconds = pids.iter().filter_map(|pid| process::cpu(pid.parse().ok()?).ok());
        Ok(seconds.sum())
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
