//! The outside world: receivers and clients that others have written, in their own languages.
//! `tests/harness/install.sh` puts what they need below `target/outside`.

mod browser;
mod deliveries;
mod python;
mod receivers;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::harness::free_address;

/// A program that runs until the test ends.
pub struct Program {
    child: Child,
    folder: TempDir,
    /// Where it listens, if it does.
    pub address: String,
}

impl Program {
    /// Starts a program that listens on the port it is told in `PORT`, and waits until it does.
    pub async fn listening(command: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut program = Self::start(command, variables);
        while TcpStream::connect(&program.address).await.is_err() {
            if let Some(status) = program.child.try_wait().unwrap() {
                panic!("{command:?} ended with {status}: {}", program.printed());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        program
    }

    /// Starts a program. It finds npm's packages, and has a folder of its own for what it keeps.
    /// In an argument `{address}` is where it may listen, and `{folder}` is its folder.
    pub fn start(command: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let (_, port) = address.split_once(':').unwrap();
        let output = File::create(folder.path().join("output")).unwrap();
        let own = folder.path().display().to_string();
        let fill = |text: &&str| text.replace("{address}", &address).replace("{folder}", &own);
        let child = Command::new(command[0])
            .args(command[1..].iter().map(fill))
            .envs(variables.iter().copied())
            .env("PORT", port)
            .env("NODE_PATH", installed("node/node_modules"))
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|e| panic!("{command:?}: {e}; see tests/harness/install.sh"));
        Self { child, folder, address }
    }

    /// What it has printed so far.
    pub fn printed(&self) -> String {
        fs::read_to_string(self.folder.path().join("output")).unwrap()
    }

    /// Waits until it has printed something.
    pub async fn wait_for(&self, text: &str) {
        while !self.printed().contains(text) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// What `install.sh` has installed.
pub fn installed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/outside").join(path)
}

/// Python with its packages.
pub fn python() -> String {
    installed("python/bin/python").display().to_string()
}

/// A file of the repository.
pub fn file(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).display().to_string()
}
