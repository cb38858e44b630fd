//! Opening connections, and keeping them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel::sqlite::SqliteConnection;
use diesel_async::SimpleAsyncConnection;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use tokio::sync::Mutex;

use super::conn::{Conn, Link};
use super::cut::Cut;
use super::postgres::{LastState, PostgresTarget};
use super::{Error, Result};

/// Which database, and where.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Arc<PostgresTarget>),
}

/// What a connection is for; only SQLite makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
}

/// An engine that froze in the middle of a transaction must not stop the others: whoever waits for
/// a lock gives up, and the frozen one's transaction is ended by the server.
///
/// Every question that is asked often has an index. The planner keeps a plan while its table grows,
/// and would read all of a table that was short when it was asked first. A question that does need
/// all of it looks dear enough then to be compiled, which would take longer than the answer.
const SETTINGS: &str = "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '15s';
     SET enable_seqscan = off; SET jit = off";

/// Makes connections for the pool.
///
/// The pool is bb8, because it closes a connection whose owner was dropped in the middle of a
/// transaction instead of handing it to the next one.
pub struct Manager {
    pub(super) target: Target,
    pub(super) purpose: Purpose,
    pub(super) cut: Cut,
    /// See [`Conn::commits`].
    pub(super) commits: Arc<AtomicU64>,
}

impl bb8::ManageConnection for Manager {
    type Connection = Conn;
    type Error = Error;

    async fn connect(&self) -> Result<Conn> {
        let (link, closed, last) = match &self.target {
            Target::Sqlite(path) => {
                let link = open_sqlite(path.clone(), self.purpose).await?;
                (link, Arc::default(), LastState::default())
            }
            Target::Postgres(target) => {
                let mut connected = target.connect().await.map_err(Error::unavailable)?;
                connected.conn.batch_execute(SETTINGS).await?;
                (Link::Postgres(Box::new(connected.conn)), connected.closed, connected.last)
            }
        };
        self.commits.fetch_add(1, Ordering::AcqRel);
        let (cut, commits) = (self.cut.clone(), self.commits.clone());
        Ok(Conn { link, in_transaction: false, closed, last, cut, commits })
    }

    async fn is_valid(&self, conn: &mut Conn) -> Result<()> {
        if conn.is_broken() { Err(Error::unavailable("the connection was closed")) } else { Ok(()) }
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        conn.is_broken()
    }
}

/// What customers write is nobody else's on this machine; SQLite gives its side files the same mode.
///
/// A file that is there is left alone: closing it would take this process's locks on it, and other
/// programs would then remove the log in which the engine goes on writing.
fn create_private(path: &std::path::Path) -> std::io::Result<()> {
    use std::io::ErrorKind;
    use std::os::unix::fs::OpenOptionsExt;

    let made = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

async fn open_sqlite(path: PathBuf, purpose: Purpose) -> Result<Link> {
    let opened = tokio::task::spawn_blocking(move || connect_sqlite(&path, purpose)).await;
    let conn = opened.map_err(Error::unavailable)??;
    Ok(Link::Sqlite(Mutex::new(SyncConnectionWrapper::new(conn))))
}

/// Opens the file with the settings that the guarantees need: a commit is on the disk when it
/// returns (`synchronous = FULL` in WAL mode), and a reader never waits for a writer. The log holds up
/// to 16 MB: pages that change often are then copied into the file once for many commits.
pub(super) fn connect_sqlite(path: &std::path::Path, purpose: Purpose) -> Result<SqliteConnection> {
    let shown = path.to_string_lossy();
    create_private(path).map_err(|e| Error::Unavailable(format!("{}: {e}", path.display())))?;
    let mut conn = SqliteConnection::establish(&shown)
        .map_err(|e| Error::Unavailable(format!("{shown}: {e}")))?;
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    if purpose == Purpose::Read {
        conn.batch_execute("PRAGMA query_only = ON;")?;
    }
    Ok(conn)
}
