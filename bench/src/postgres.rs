//! PostgreSQL's server: the one that `TEST_DATABASE_URL` names.

use std::path::Path;

use tokio_postgres::{Client, NoTls};

use crate::Result;

/// What the names of databases of a run begin with; its process's number follows.
pub const RUN: &str = "bench_run_";
/// The first version that copies a database file by file when told to.
const COPIES_FILES: i64 = 150_000;

/// Its URL.
///
/// # Errors
/// When none is named.
pub fn server() -> Result<String> {
    std::env::var("TEST_DATABASE_URL")
        .map_err(|_| "TEST_DATABASE_URL is not set; use make bench".into())
}

/// The URL of a database there.
///
/// # Errors
/// When no server is named.
pub fn url_of(name: &str) -> Result<String> {
    let server = server()?;
    let (base, _) = server.rsplit_once('/').ok_or("TEST_DATABASE_URL names no database")?;
    Ok(format!("{base}/{name}"))
}

/// Makes a copy of a database that nobody is connected to.
///
/// # Errors
/// When somebody is, or the disk is full.
pub async fn copy(template: &str, name: &str) -> Result<()> {
    let version = texts(&server()?, "SELECT current_setting('server_version_num')").await?;
    let version = version.first().and_then(|version| version.parse::<i64>().ok());
    let strategy = match version {
        Some(version) if version >= COPIES_FILES => "STRATEGY FILE_COPY",
        _ => "",
    };
    execute(&format!("CREATE DATABASE {name} TEMPLATE {template} {strategy}")).await?;
    // What the copy left to be written would slow the commits of the run.
    execute("CHECKPOINT").await
}

/// Removes a database, whoever is still connected.
///
/// # Errors
/// When the server is gone.
pub async fn drop_database(name: &str) -> Result<()> {
    execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
}

/// Removes what benches left that were cut off.
///
/// # Errors
/// When the server is gone.
pub async fn sweep() -> Result<()> {
    let sql = format!("SELECT datname::text FROM pg_database WHERE datname ^@ '{RUN}'");
    for name in texts(&server()?, &sql).await? {
        let pid = name.trim_start_matches(RUN).split('_').next().unwrap_or_default();
        if !Path::new("/proc").join(pid).exists() {
            drop_database(&name).await?;
        }
    }
    Ok(())
}

/// Runs a statement on the server.
///
/// # Errors
/// What the server says against it.
pub async fn execute(sql: &str) -> Result<()> {
    execute_on(&server()?, sql).await
}

/// Runs a statement on a database.
///
/// # Errors
/// What the server says against it.
pub async fn execute_on(url: &str, sql: &str) -> Result<()> {
    connected(url, async |client| client.batch_execute(sql).await).await
}

/// The first column, which must be a text, of what a query finds.
///
/// # Errors
/// What the server says against it.
pub async fn texts(url: &str, sql: &str) -> Result<Vec<String>> {
    connected(url, async |client| {
        let rows = client.query(sql, &[]).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    })
    .await
}

async fn connected<T>(
    url: &str,
    work: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
) -> Result<T> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.map_err(|e| e.to_string())?;
    let driver = tokio::spawn(connection);
    let done = work(&client).await.map_err(|e| match e.as_db_error() {
        Some(error) => error.message().to_owned(),
        None => e.to_string(),
    });
    drop(client);
    drop(driver.await);
    done
}
