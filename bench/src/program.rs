//! `centrium` and this program, as commands with the bench's settings.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::Result;

pub const EXTERNAL_KEY: &str = "bench-external-key-0123456789abcdef";
pub const API_TOKEN: &str = "bench-api-token-0123456789abcdef0123";

/// `centrium` of the same build.
///
/// # Errors
/// When it is not built.
pub fn centrium(folder: &Path, database: &str) -> Result<Command> {
    let path = own()?.with_file_name("centrium");
    if !path.exists() {
        return Err("centrium is not built; use make bench".to_owned());
    }
    Ok(set(Command::new(path), folder, database))
}

/// This program once more.
///
/// # Errors
/// When nobody knows where it is.
pub fn bench(folder: &Path, database: &str) -> Result<Command> {
    Ok(set(Command::new(own()?), folder, database))
}

fn own() -> Result<PathBuf> {
    std::env::current_exe().map_err(|e| e.to_string())
}

fn set(mut command: Command, folder: &Path, database: &str) -> Command {
    command
        .current_dir(folder)
        .env("DATABASE_URL", database)
        .env("DATA_DIR", folder)
        .env("EXTERNAL_API_KEY", EXTERNAL_KEY)
        .env("API_TOKEN", API_TOKEN)
        .env("RATE_LIMIT_PER_KEY", "0")
        .env("RATE_LIMIT_PER_IP", "0")
        // A company's tickets were closed when they fell silent; made-up ones would be now, all at
        // once and in the middle of a run.
        .env("AUTO_CLOSE_HOURS", "0")
        .env("RUST_LOG", "warn")
        // Who is told of events is on this machine too.
        .env("WEBHOOK_ALLOW_PRIVATE", "true")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs a command to its end.
///
/// # Errors
/// What it said on standard error, when it failed.
pub async fn finish(command: &mut Command) -> Result<()> {
    let output = command.stderr(Stdio::piped()).output().await.map_err(|e| e.to_string())?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
