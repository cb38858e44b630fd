//! django-helpdesk under gunicorn, as `bench/peer` sets it up.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::asker::Asker;
use crate::server::free_address;
use crate::{Result, database, process, program};

/// Where tickets are sent to.
pub const TICKETS: &str = "/api/tickets/";
/// Where the first 50 of them are read.
pub const LIST: &str = "/api/tickets/?page_size=50";

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peer");
const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench-peer/venv/bin");
const TOKEN: &str = "bench-peer-token-0123456789abcdef012345";
/// Two processes for two cores; the threads keep connections open, and were quicker than more
/// processes without them.
const GUNICORN: [&str; 6] = ["--workers", "2", "--threads", "8", "--keep-alive", "75"];
const START: Duration = Duration::from_secs(60);

/// The running peer.
pub struct Helpdesk {
    child: Child,
    pid: u32,
    pub base: String,
    _folder: TempDir,
}

impl Helpdesk {
    /// Installs it where it is missing, makes its tables, and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn start() -> Result<Self> {
        let mut install = Command::new(Path::new(SOURCES).join("install.sh"));
        program::finish(&mut install).await?;
        let (folder, path) = database::folder()?;
        program::finish(python("python", &path).arg("prepare.py")).await?;
        let address = free_address()?;
        let child = python("gunicorn", &path)
            .args(GUNICORN)
            .args(["--bind", &address, "--log-level", "warning"])
            .arg("django.core.wsgi:get_wsgi_application()")
            .spawn()
            .map_err(|e| format!("gunicorn could not be started: {e}"))?;
        let pid = child.id().ok_or("gunicorn ended at once")?;
        let peer = Self { child, pid, base: format!("http://{address}"), _folder: folder };
        peer.wait().await?;
        Ok(peer)
    }

    async fn wait(&self) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < START {
            let mut asker = Asker::new(&self.base);
            let asked = asker.ask("GET", LIST, &self.header(), "").await;
            if asked.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(format!("the peer at {} does not answer", self.base))
    }

    /// The line that says who asks.
    pub fn header(&self) -> String {
        format!("Authorization: Token {TOKEN}")
    }

    /// How it is served.
    pub fn description(&self) -> String {
        format!("gunicorn ({})", GUNICORN.join(" "))
    }

    /// MB that it and its workers hold.
    ///
    /// # Errors
    /// When it has ended.
    pub fn memory(&self) -> Result<f64> {
        process::memory_with_children(self.pid)
    }

    /// Ends it and its workers.
    ///
    /// # Errors
    /// When it can't be told to.
    pub async fn stop(mut self) -> Result<()> {
        let mut kill = Command::new("kill");
        program::finish(kill.args(["-TERM", &self.pid.to_string()])).await?;
        self.child.wait().await.map_err(|e| e.to_string())?;
        Ok(())
    }
}

/// A program of the peer's own environment.
fn python(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(PathBuf::from(PROGRAMS).join(name));
    command
        .current_dir(SOURCES)
        .env("DJANGO_SETTINGS_MODULE", "settings")
        .env("PEER_FOLDER", folder)
        .env("PEER_TOKEN", TOKEN)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    command
}
