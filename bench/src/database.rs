//! An empty database for each server: a file, or one on the server that the tests use as well.

use tempfile::TempDir;
use tokio_postgres::NoTls;

use crate::Result;

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

/// A database, removed by [`remove`](Database::remove).
pub struct Database {
    pub url: String,
    name: Option<String>,
    _folder: TempDir,
}

impl Database {
    /// Makes an empty one. Files lie below `target`, on the disk that the work is on: /tmp may be
    /// memory, where a commit costs nothing.
    ///
    /// # Errors
    /// When it can't be made; PostgreSQL's server is the one that `TEST_DATABASE_URL` names.
    pub async fn create(kind: Kind) -> Result<Self> {
        let folder = TempDir::with_prefix_in("bench-", "target").map_err(|e| e.to_string())?;
        match kind {
            Kind::Sqlite => {
                let path = folder.path().canonicalize().map_err(|e| e.to_string())?;
                let url = format!("sqlite://{}", path.join("centrium.db").display());
                Ok(Self { url, name: None, _folder: folder })
            }
            Kind::Postgres => {
                let name = format!("bench_{}", std::process::id());
                let server = server()?;
                execute(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
                execute(&server, &format!("CREATE DATABASE {name}")).await?;
                let (base, _) =
                    server.rsplit_once('/').ok_or("TEST_DATABASE_URL names no database")?;
                Ok(Self { url: format!("{base}/{name}"), name: Some(name), _folder: folder })
            }
        }
    }

    /// Removes it, whoever is still connected.
    ///
    /// # Errors
    /// When the server is gone.
    pub async fn remove(self) -> Result<()> {
        if let Some(name) = &self.name {
            execute(&server()?, &format!("DROP DATABASE {name} WITH (FORCE)")).await?;
        }
        Ok(())
    }
}

fn server() -> Result<String> {
    std::env::var("TEST_DATABASE_URL")
        .map_err(|_| "TEST_DATABASE_URL is not set; use make bench".into())
}

async fn execute(server: &str, sql: &str) -> Result<()> {
    let (client, connection) =
        tokio_postgres::connect(server, NoTls).await.map_err(|e| e.to_string())?;
    let driver = tokio::spawn(connection);
    let done = client.batch_execute(sql).await.map_err(|e| e.to_string());
    drop(client);
    drop(driver.await);
    done
}
