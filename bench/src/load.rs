//! The load generator: wrk, from Debian, in a process of its own.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::process::Command;

use crate::program::{API_TOKEN, EXTERNAL_KEY};
use crate::server::Server;
use crate::{Result, process};

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
    /// The generator's own processor time over the run's: near 1 it would be the bottleneck itself.
    #[serde(skip)]
    pub generator: f64,
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
    let (began, before) = (Instant::now(), process::cpu_of_ended_children()?);
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
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| format!("wrk could not be run ({e}); apt-get install wrk"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with('{'));
    let line = line.ok_or_else(|| format!("wrk told nothing:\n{text}"))?;
    let mut run: Run = serde_json::from_str(line).map_err(|e| format!("wrk told {line}: {e}"))?;
    run.generator = (process::cpu_of_ended_children()? - before) / began.elapsed().as_secs_f64();
    if run.failed > 0 {
        return Err(format!("{} of {} requests failed", run.failed, run.requests));
    }
    Ok(run)
}

/// What a run came to for the server.
#[derive(Clone, Copy, Default)]
pub struct Figures {
    /// Requests a second.
    pub rate: f64,
    /// Milliseconds.
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    /// Microseconds of the server's processor time a request.
    pub cpu: f64,
    /// MB that the server holds at the end.
    pub memory: f64,
    /// The generator's share of one processor.
    pub generator: f64,
}

/// Loads a server as [`run`] does, and says what it came to and how many requests it answered.
///
/// # Errors
/// As [`run`].
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
pub async fn measure(
    server: &Server,
    connections: usize,
    time: Duration,
    arguments: &[String],
) -> Result<(Figures, u64)> {
    let before = server.cpu()?;
    let run = run(&server.base, connections, time, arguments).await?;
    let figures = Figures {
        rate: run.rate(),
        p50: run.p50 as f64 / 1e3,
        p99: run.p99 as f64 / 1e3,
        p999: run.p999 as f64 / 1e3,
        cpu: (server.cpu()? - before) * 1e6 / run.requests as f64,
        memory: server.memory()?,
        generator: run.generator,
    };
    Ok((figures, run.requests))
}
