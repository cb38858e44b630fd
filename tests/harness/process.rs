//! The program itself as a process of its own: for what only a process can show.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rand::RngExt;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::{API_TOKEN, Client, Database, EXTERNAL_KEY, Kind};

/// How long the program may take to start in a debug build on a busy machine.
const START: Duration = Duration::from_secs(30);
/// What it promises of its end.
const STOP: Duration = Duration::from_secs(10);

/// Where processes are started, one after the other: a folder, a database, an address.
pub struct Place {
    /// Holds the data folder, and what the processes print.
    pub folder: TempDir,
    /// The database.
    pub database: Database,
    variables: BTreeMap<String, String>,
    shell: Option<String>,
}

/// What a command that ended has printed.
#[derive(Debug)]
pub struct Finished {
    /// Whether and how it failed.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

impl Finished {
    /// What it printed, where it did not fail.
    #[track_caller]
    pub fn ok(self) -> String {
        assert!(self.status.success(), "{self:?}");
        self.stdout
    }

    /// The one sentence that it ended with, where it failed.
    #[track_caller]
    pub fn refused(self) -> String {
        assert!(!self.status.success(), "{self:?}");
        let sentences: Vec<_> =
            self.stderr.lines().filter(|line| line.starts_with("centrium: ")).collect();
        assert_eq!(sentences.len(), 1, "{self:?}");
        assert!(sentences[0].ends_with('.'), "not a sentence: {}", sentences[0]);
        sentences[0].to_owned()
    }
}

impl Place {
    /// A place with the usual options.
    pub async fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let database = Database::create(kind, &data).await;
        let url = database.url();
        let mut place = Self { folder, variables: BTreeMap::new(), database, shell: None };
        place
            .set("LISTEN", free_address())
            .set("DATA_DIR", data.display())
            .set("DATABASE_URL", url)
            .set("EXTERNAL_API_KEY", EXTERNAL_KEY)
            .set("API_TOKEN", API_TOKEN)
            .set("RATE_LIMIT_PER_KEY", 0)
            .set("RATE_LIMIT_PER_IP", 0);
        place
    }

    /// Sets a variable for the processes to come.
    pub fn set(&mut self, name: &str, value: impl ToString) -> &mut Self {
        self.variables.insert(name.to_owned(), value.to_string());
        self
    }

    /// Leaves a variable out.
    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.variables.remove(name);
        self
    }

    /// Starts the program from this shell script, which ends in `exec "$@"`.
    pub fn through(&mut self, script: &str) -> &mut Self {
        self.shell = Some(script.to_owned());
        self
    }

    /// The engine's folder.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A caller of the engine here.
    pub fn http(&self) -> Client {
        Client::new(format!("http://{}", self.variables["LISTEN"]))
    }

    /// All that processes here have printed to standard output.
    pub fn stdout(&self) -> String {
        fs::read_to_string(self.folder.path().join("stdout")).unwrap_or_default()
    }

    /// All that processes here have printed to standard error.
    pub fn stderr(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    /// Starts an engine, and waits until it works.
    pub async fn start(&self) -> Process {
        let mut process = self.spawn();
        process.wait_until_healthy().await;
        process
    }

    /// Starts an engine.
    pub fn spawn(&self) -> Process {
        let append = |name: &str| {
            let path = self.folder.path().join(name);
            Stdio::from(OpenOptions::new().create(true).append(true).open(path).unwrap())
        };
        let mut command = self.command(&["serve"]);
        let child = command.stdout(append("stdout")).stderr(append("stderr")).spawn().unwrap();
        let pid = child.id().unwrap();
        let stderr = self.folder.path().join("stderr");
        Process { child, pid, http: self.http(), stderr, began: Instant::now() }
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Finished {
        let running = self.command(arguments).output();
        let output = tokio::time::timeout(START, running)
            .await
            .unwrap_or_else(|_| panic!("`centrium {}` does not end", arguments.join(" ")))
            .unwrap();
        Finished {
            status: output.status,
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Nothing of the test's own surroundings reaches the program: no variables, no `.env`.
    fn command(&self, arguments: &[&str]) -> Command {
        // Another build of it, where one is named: how long things take is asked of a release.
        let named = std::env::var_os("CENTRIUM_PROGRAM");
        let program = named.unwrap_or_else(|| env!("CARGO_BIN_EXE_centrium").into());
        let mut command = match &self.shell {
            None => Command::new(program),
            Some(script) => {
                let mut command = Command::new("sh");
                command.args(["-c", script, "sh"]).arg(program);
                command
            }
        };
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(&self.variables)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }
}

/// An address that nobody has. It is below the ports that outgoing connections are given:
/// a client that calls while nobody listens there could otherwise be connected to itself.
pub fn free_address() -> String {
    loop {
        let address = format!("127.0.0.1:{}", rand::rng().random_range(18_000..31_000));
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

/// A running engine. It does not outlive the test.
pub struct Process {
    child: Child,
    /// Its number.
    pub pid: u32,
    /// A caller of it.
    pub http: Client,
    stderr: PathBuf,
    began: Instant,
}

impl Process {
    /// Waits until the engine can take messages, and says how long after its start that was.
    pub async fn wait_until_healthy(&mut self) -> Duration {
        while self.began.elapsed() < START {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the engine ended with {status}: {}", tail(&self.stderr));
            }
            let asked = self.http.plain(reqwest::Method::GET, "/healthz").send().await;
            if asked.is_ok_and(|answer| answer.status() == 200) {
                return self.began.elapsed();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the engine does not become healthy: {}", tail(&self.stderr));
    }

    /// Ends it as a power cut would.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end (SIGTERM), and says how long that took: below 10 s, with status 0.
    pub async fn terminate(mut self) -> Duration {
        let began = Instant::now();
        let pid = self.pid.to_string();
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &pid]).status().await;
        assert!(asked.unwrap().success());
        let ended = tokio::time::timeout(STOP, self.child.wait()).await;
        let status = ended.expect("it ends within 10 s of SIGTERM").unwrap();
        assert_eq!(status.code(), Some(0), "{}", tail(&self.stderr));
        began.elapsed()
    }
}

fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
