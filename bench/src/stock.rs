//! Made-up databases, kept from run to run: a million tickets take minutes to make. A run works on a
//! copy.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::database::{self, Kind};
use crate::{Result, postgres, program, tell};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const FOLDER: &str = "target/bench-data";

/// A database that is kept, and nobody connects to.
pub enum Stock {
    /// On SQLite: a file.
    File(PathBuf),
    /// On PostgreSQL: a database's name.
    Template(String),
}

impl Stock {
    /// The one with this many tickets, of which the newest `jobs` wait for their answer. It is made
    /// where it is missing, or was made by other migrations or other sources of the data.
    ///
    /// # Errors
    /// When it can't be made.
    pub async fn of(kind: Kind, tickets: u64, jobs: u64) -> Result<Self> {
        let size = format!("{tickets}_{jobs}_");
        let name = format!("{size}{:016x}", version(kind)?);
        match kind {
            Kind::Sqlite => file(&size, &name, tickets, jobs).await,
            Kind::Postgres => template(&size, &name, tickets, jobs).await,
        }
    }
}

async fn file(size: &str, name: &str, tickets: u64, jobs: u64) -> Result<Stock> {
    fs::create_dir_all(FOLDER).map_err(|e| format!("{FOLDER}: {e}"))?;
    let folder = Path::new(FOLDER).canonicalize().map_err(|e| e.to_string())?;
    let kept = folder.join(format!("{name}.db"));
    if kept.exists() {
        return Ok(Stock::File(kept));
    }
    for entry in fs::read_dir(&folder).map_err(|e| e.to_string())?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(size) {
            fs::remove_file(entry.path()).map_err(|e| e.to_string())?;
        }
    }
    let unfinished = folder.join(format!("{name}.unfinished"));
    fill(&database::sqlite_url(&unfinished), tickets, jobs, 1).await?;
    let closed = Connection::open(&unfinished).and_then(|conn| {
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        conn.close().map_err(|(_, error)| error)
    });
    closed.map_err(|e| e.to_string())?;
    fs::rename(&unfinished, &kept).map_err(|e| e.to_string())?;
    Ok(Stock::File(kept))
}

async fn template(size: &str, name: &str, tickets: u64, jobs: u64) -> Result<Stock> {
    postgres::sweep().await?;
    let kept = format!("bench_stock_{name}");
    let sql = format!(
        "SELECT datname::text FROM pg_database WHERE datname ^@ 'bench_stock_{size}'
         OR datname = 'bench_unfinished'"
    );
    let found = postgres::texts(&postgres::server()?, &sql).await?;
    if found.contains(&kept) {
        return Ok(Stock::Template(kept));
    }
    for outdated in found {
        postgres::drop_database(&outdated).await?;
    }
    postgres::execute("CREATE DATABASE bench_unfinished").await?;
    let url = postgres::url_of("bench_unfinished")?;
    fill(&url, tickets, jobs, 1).await?;
    // As the server does by itself some time after such a change.
    postgres::execute_on(&url, "VACUUM (ANALYZE)").await?;
    postgres::execute(&format!("ALTER DATABASE bench_unfinished RENAME TO {kept}")).await?;
    Ok(Stock::Template(kept))
}

/// Adds tickets of this seed to a database, the newest `jobs` of which wait for their answer.
///
/// # Errors
/// When it can't be written, or has them already.
pub async fn fill(url: &str, tickets: u64, jobs: u64, seed: u64) -> Result<()> {
    tell(&format!("making {tickets} tickets, {jobs} of which wait; a million take some minutes"));
    let (_folder, path) = database::folder()?;
    let mut command = program::centrium(&path, url)?;
    command.args(["bench", "seed"]);
    command.args(["--tickets", &tickets.to_string(), "--jobs", &jobs.to_string()]);
    program::finish(command.args(["--seed", &seed.to_string()])).await
}

/// Changes with the migrations and with what the data are made by.
fn version(kind: Kind) -> Result<u64> {
    let mut sources = Vec::new();
    let migrations = Path::new(ROOT).join("migrations").join(kind.word());
    for migration in fs::read_dir(migrations).map_err(|e| e.to_string())?.flatten() {
        sources.push(migration.path().join("up.sql"));
    }
    for folder in ["src/seed", "src/store/search"] {
        for source in fs::read_dir(Path::new(ROOT).join(folder)).map_err(|e| e.to_string())? {
            sources.push(source.map_err(|e| e.to_string())?.path());
        }
    }
    sources.sort();
    let mut hasher = DefaultHasher::new();
    for source in sources {
        fs::read(&source).map_err(|e| format!("{}: {e}", source.display()))?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}
