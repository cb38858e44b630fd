//! Bringing the database's tables up to this version.

use std::fs::File;

use diesel_async::{AsyncMigrationHarness, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::pool::{Purpose, Target, connect_sqlite};
use super::{Error, Result, Store};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Any number will do, as long as no other program takes the same lock: "centrium" in ASCII.
const ADVISORY_LOCK: i64 = 0x6365_6e74_7269_756d;

impl Store {
    /// Runs the migrations that are missing, and says which. Engines that start at the same
    /// moment wait for each other.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be reached, `Broken` when a migration fails; what it
    /// had begun is rolled back.
    pub async fn migrate(&self) -> Result<Vec<String>> {
        match &self.target {
            Target::Sqlite(path) => {
                let path = path.clone();
                tokio::task::spawn_blocking(move || {
                    let lock = File::create(path.with_extension("migrate.lock"))
                        .map_err(Error::unavailable)?;
                    lock.lock().map_err(Error::unavailable)?;
                    run(&mut connect_sqlite(&path, Purpose::Write)?, SQLITE)
                })
                .await
                .map_err(Error::unavailable)?
            }
            Target::Postgres(target) => {
                let mut conn = target.connect().await.map_err(Error::unavailable)?.conn;
                conn.batch_execute(&format!("SELECT pg_advisory_lock({ADVISORY_LOCK})")).await?;
                // The harness blocks its thread, which must not be one that drives other work. The
                // lock ends with the connection.
                tokio::task::spawn_blocking(move || {
                    run(&mut AsyncMigrationHarness::new(conn), POSTGRES)
                })
                .await
                .map_err(Error::unavailable)?
            }
        }
    }
}

fn run<DB: diesel::backend::Backend>(
    harness: &mut impl MigrationHarness<DB>,
    migrations: EmbeddedMigrations,
) -> Result<Vec<String>> {
    let done = harness
        .run_pending_migrations(migrations)
        .map_err(|e| Error::Broken(format!("a migration failed: {e}")))?;
    Ok(done.iter().map(ToString::to_string).collect())
}
