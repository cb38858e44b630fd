//! A server in a process of its own, and what it uses.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::asker::Asker;
use crate::database::Database;
use crate::{Result, process, program};

const START: Duration = Duration::from_secs(30);
/// An engine ends within 10 s of being asked to.
const STOP: Duration = Duration::from_secs(15);

/// Ports that servers here are given.
const PORTS: u32 = 13_000;

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
    /// The least that can be done for jobs that wait; it takes no messages.
    BareJobs,
    /// The least that can be done for live clients; it takes no messages.
    BareLive,
    /// The least that can be done to tell webhooks; it takes no messages.
    BareDeliveries,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine, built-in assistant",
            Self::Constant => "engine, constant assistant",
            Self::BareSets => "bare, set commits",
            Self::BareSingly => "bare, single commits",
            Self::BareJobs => "bare loop",
            Self::BareLive => "bare broadcast",
            Self::BareDeliveries => "bare loop",
        }
    }

    const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Engine => &["serve"],
            Self::Constant => &["serve-constant"],
            Self::BareSets => &["serve-bare"],
            Self::BareSingly => &["serve-bare", "--singly"],
            Self::BareJobs => &["serve-bare-jobs"],
            Self::BareLive => &["serve-bare-live"],
            Self::BareDeliveries => &["serve-bare-deliveries"],
        }
    }
}

/// A running server. It does not outlive this value.
pub struct Server {
    child: Child,
    pid: u32,
    pub base: String,
}

impl Server {
    /// Starts one on this database, and waits until it answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn start(kind: Kind, database: &Database) -> Result<Self> {
        if matches!(kind, Kind::BareSets | Kind::BareSingly) {
            // They insert into the engine's own tables.
            let mut command = program::centrium(database.folder(), &database.url)?;
            program::finish(command.arg("migrate")).await?;
        }
        let server = Self::spawn(kind, database)?;
        server.wait().await?;
        Ok(server)
    }

    /// Starts one on this database. Its folder is the database's, so that the next one there takes
    /// up what this one leaves.
    ///
    /// # Errors
    /// When there is no such program.
    pub fn spawn(kind: Kind, database: &Database) -> Result<Self> {
        let address = free_address()?;
        let mut command = match kind {
            Kind::Engine => program::centrium(database.folder(), &database.url)?,
            _ => program::bench(database.folder(), &database.url)?,
        };
        let child = command
            .args(kind.arguments())
            .env("LISTEN", &address)
            .spawn()
            .map_err(|e| format!("{kind:?} could not be started: {e}"))?;
        let pid = child.id().ok_or("it ended at once")?;
        Ok(Self { child, pid, base: format!("http://{address}") })
    }

    async fn wait(&self) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < START {
            let mut asker = Asker::new(&self.base);
            if asker.get("/healthz").await.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(format!("the server at {} does not answer", self.base))
    }

    /// Seconds of processor time since its start.
    ///
    /// # Errors
    /// When it has ended.
    pub fn cpu(&self) -> Result<f64> {
        process::cpu(self.pid)
    }

    /// MB of memory that it holds.
    ///
    /// # Errors
    /// When it has ended.
    pub fn memory(&self) -> Result<f64> {
        process::memory(self.pid)
    }

    /// Ends it as a power cut would.
    pub async fn stop(mut self) {
        drop(self.child.kill().await);
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// When it does not.
    pub async fn terminate(mut self) -> Result<()> {
        let mut kill = Command::new("kill");
        program::finish(kill.args(["-TERM", &self.pid.to_string()])).await?;
        let ended = tokio::time::timeout(STOP, self.child.wait()).await;
        ended.map_err(|_| "the server does not stop")?.map_err(|e| e.to_string())?;
        Ok(())
    }
}

/// An address on this machine that nobody has. It is below the ports that outgoing connections are
/// given: a caller that asks before anyone listens there could else be connected to itself.
///
/// # Errors
/// When there is none.
pub fn free_address() -> Result<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..PORTS {
        let port = 18_000 + (std::process::id() + NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS;
        let address = format!("127.0.0.1:{port}");
        if TcpListener::bind(&address).is_ok() {
            return Ok(address);
        }
    }
    Err("no port is free".to_owned())
}
