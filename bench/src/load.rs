//! The load generator: wrk, from Debian, in a process of its own.

use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use crate::Result;
use crate::server::{API_TOKEN, EXTERNAL_KEY};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/customers.lua");

/// What a run came to; times are in microseconds.
#[derive(Clone, Debug, Deserialize)]
pub struct Run {
    pub requests: u64,
    pub duration: u64,
    pub p50: u64,
    pub p99: u64,
    pub p999: u64,
    pub failed: u64,
}

impl Run {
    /// Requests a second.
    #[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
    pub fn rate(&self) -> f64 {
        self.requests as f64 * 1e6 / self.duration as f64
    }
}

/// Sends what `arguments` tell the script, over this many connections, for this long. One thread of
/// wrk is enough: beside an echo it sends several times what any engine here takes.
///
/// # Errors
/// When wrk is missing, or a request failed: a wrong answer must not count as a quick one.
pub async fn run(
    base: &str,
    connections: usize,
    time: Duration,
    arguments: &[String],
) -> Result<Run> {
    let output = Command::new("wrk")
        .args(["-t1", "--timeout", "30s", "-s", SCRIPT])
        .arg(format!("-c{connections}"))
        .arg(format!("-d{}s", time.as_secs()))
        .arg(base)
        .arg("--")
        .args(arguments)
        .env("BENCH_KEY", EXTERNAL_KEY)
        .env("BENCH_TOKEN", API_TOKEN)
        .stderr(Stdio::inherit())
        .output()
        .await
        .map_err(|e| format!("wrk could not be run ({e}); apt-get install wrk"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with('{'));
    let line = line.ok_or_else(|| format!("wrk told nothing:\n{text}"))?;
    let run: Run = serde_json::from_str(line).map_err(|e| format!("wrk told {line}: {e}"))?;
    if run.failed > 0 {
        return Err(format!("{} of {} requests failed", run.failed, run.requests));
    }
    Ok(run)
}
