//! A server in a process of its own, and what it uses.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::Result;

pub const EXTERNAL_KEY: &str = "bench-external-key-0123456789abcdef";
pub const API_TOKEN: &str = "bench-api-token-0123456789abcdef0123";

/// The ticks of /proc/PID/stat a second, the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;
const START: Duration = Duration::from_secs(30);

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `centrium` as it is installed.
    Engine,
    /// The same with an assistant that says the same to everyone.
    Constant,
    /// The least that can be done: what waits commits together.
    BareSets,
    /// The same with a commit for each message.
    BareSingly,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine, built-in assistant",
            Self::Constant => "engine, constant assistant",
            Self::BareSets => "bare, set commits",
            Self::BareSingly => "bare, single commits",
        }
    }
}

/// A running server. It does not outlive this value.
pub struct Server {
    child: Child,
    pid: u32,
    pub base: String,
    _folder: TempDir,
}

impl Server {
    /// Starts one on this database, and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn start(kind: Kind, database: &str) -> Result<Self> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let address = free_address()?;
        if matches!(kind, Kind::BareSets | Kind::BareSingly) {
            migrate(folder.path(), database).await?;
        }
        let mut command = match kind {
            Kind::Engine => Command::new(beside("centrium")?),
            _ => Command::new(std::env::current_exe().map_err(|e| e.to_string())?),
        };
        command.args(match kind {
            Kind::Engine => &["serve"][..],
            Kind::Constant => &["serve-constant"],
            Kind::BareSets => &["serve-bare"],
            Kind::BareSingly => &["serve-bare", "--singly"],
        });
        let child = environment(&mut command, folder.path(), database)
            .env("LISTEN", &address)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| format!("{kind:?} could not be started: {e}"))?;
        let pid = child.id().ok_or("it ended at once")?;
        let server = Self { child, pid, base: format!("http://{address}"), _folder: folder };
        server.wait(&address).await?;
        Ok(server)
    }

    async fn wait(&self, address: &str) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < START {
            if get(address, "/healthz").await.is_ok_and(|head| head.contains(" 200 ")) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(format!("the server at {address} does not answer"))
    }

    /// Seconds of processor time since its start.
    ///
    /// # Errors
    /// When it has ended.
    pub fn cpu(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))
            .map_err(|e| format!("the server has ended: {e}"))?;
        // The name, in brackets, may hold anything; utime and stime are the 12th and 13th after it.
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        let ticks: f64 =
            after.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum();
        Ok(ticks / TICKS)
    }

    /// MB of memory that it holds.
    ///
    /// # Errors
    /// When it has ended.
    pub fn memory(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))
            .map_err(|e| format!("the server has ended: {e}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        kilobytes.map(|kb: f64| kb / 1024.0).ok_or_else(|| "no VmRSS".to_owned())
    }

    /// Ends it.
    pub async fn stop(mut self) {
        drop(self.child.kill().await);
    }
}

fn environment<'a>(command: &'a mut Command, folder: &Path, database: &str) -> &'a mut Command {
    command
        .current_dir(folder)
        .env("DATABASE_URL", database)
        .env("DATA_DIR", folder)
        .env("EXTERNAL_API_KEY", EXTERNAL_KEY)
        .env("API_TOKEN", API_TOKEN)
        .env("RATE_LIMIT_PER_KEY", "0")
        .env("RATE_LIMIT_PER_IP", "0")
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
}

/// The bare servers insert into the engine's own tables.
async fn migrate(folder: &Path, database: &str) -> Result<()> {
    let mut command = Command::new(beside("centrium")?);
    environment(command.arg("migrate"), folder, database);
    let output = command.output().await.map_err(|e| e.to_string())?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Another program of the same build.
fn beside(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    let path = own.with_file_name(name);
    path.exists().then_some(path).ok_or_else(|| format!("{name} is not built; use make bench"))
}

fn free_address() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    listener.local_addr().map(|address| address.to_string()).map_err(|e| e.to_string())
}

/// The head of an answer.
async fn get(address: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = vec![0; 64];
    let read = stream.read(&mut head).await?;
    Ok(String::from_utf8_lossy(&head[..read]).into_owned())
}
