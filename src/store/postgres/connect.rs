//! One connection.

use std::fmt;
use std::future::poll_fn;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel_async::AsyncPgConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_postgres::config::{SslMode as Encryption, SslNegotiation};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::TlsStream;
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls};

use super::error::{offers_no_tls, tls_error};
use super::line::{Encrypted, Plain, Watched};
use super::options::SslMode;
use super::state::LastState;
use super::{PostgresError, PostgresTarget};

/// A connection, and whether it still is one.
pub struct Connected {
    /// The connection. Dropping it ends the session, and an open transaction with it.
    pub conn: AsyncPgConnection,
    /// Becomes true when the connection has ended, whoever ended it: a pool drops it then.
    pub closed: Arc<AtomicBool>,
    /// The state of its last error.
    pub last: LastState,
    /// What it is notified of (`LISTEN`); ends with the connection. Of more than [`UNHEARD`] that
    /// nobody took, the newest are lost.
    pub notifications: mpsc::Receiver<String>,
}

/// Notifications that wait to be taken.
const UNHEARD: usize = 64;

/// A connection's own task, seen from outside.
struct Driven {
    closed: Arc<AtomicBool>,
    notifications: mpsc::Receiver<String>,
}

impl PostgresTarget {
    /// Connects and logs in, on a tokio runtime, which also gets a task that drives the
    /// connection until it ends.
    ///
    /// It tries every host of the address in turn, but never the same again: retrying is the
    /// caller's.
    ///
    /// # Errors
    ///
    /// [`PostgresError::Refused`] or [`PostgresError::Unreachable`], the latter also after twice
    /// the `connect_timeout` for each host.
    pub async fn connect(&self) -> Result<Connected, PostgresError> {
        let attempt = Box::pin(self.connect_by_mode());
        let patience = self.patience();
        timeout(patience, attempt).await.unwrap_or_else(|_| {
            let seconds = patience.as_secs();
            Err(PostgresError::Unreachable(format!(
                "PostgreSQL at {self}: no connection within {seconds} seconds."
            )))
        })
    }

    async fn connect_by_mode(&self) -> Result<Connected, PostgresError> {
        if let Some(path) = self.only_socket() {
            return self.connect_to_socket(&path).await;
        }
        let (first, second) = match self.mode {
            SslMode::Disable => (Encryption::Disable, None),
            SslMode::Allow => (Encryption::Disable, Some(Encryption::Require)),
            SslMode::Prefer => (Encryption::Require, Some(Encryption::Disable)),
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                (Encryption::Require, None)
            }
        };
        let server = self.to_string();
        let error = match self.connect_with(first).await {
            Ok(connected) => return connected,
            Err(error) => error,
        };
        match second {
            Some(second) if wants_the_other(&error) => {
                self.connect_with(second).await.unwrap_or_else(|other| {
                    Err(both(
                        PostgresError::of(&server, &error),
                        PostgresError::of(&server, &other),
                    ))
                })
            }
            _ => Err(PostgresError::of(&server, &error)),
        }
    }

    async fn connect_to_socket(&self, path: &Path) -> Result<Connected, PostgresError> {
        let line = UnixStream::connect(path).await.map_err(|error| {
            PostgresError::Unreachable(format!("PostgreSQL at {self}: {error}."))
        })?;
        let last = LastState::default();
        let mut config = self.config.clone();
        config.ssl_mode(Encryption::Disable);
        let (client, connection) = config
            .connect_raw(Watched::plain(line, last.clone()), NoTls)
            .await
            .map_err(|error| PostgresError::of(&self.to_string(), &error))?;
        self.wrap(client, drive(connection), last).await
    }

    /// The outer result is the driver's, the inner one diesel's.
    async fn connect_with(
        &self,
        encryption: Encryption,
    ) -> Result<Result<Connected, PostgresError>, tokio_postgres::Error> {
        let last = LastState::default();
        let mut config = self.config.clone();
        config.ssl_mode(Encryption::Require);
        let (client, driven) = if encryption == Encryption::Require {
            let tls = Encrypted { tls: self.tls.clone(), last: last.clone() };
            let (client, connection) = config.connect(tls).await?;
            (client, drive(connection))
        } else if self.has_sockets() {
            // In a list of hosts the driver lets nothing onto a Unix socket: errors are known by
            // their words here.
            config.ssl_mode(Encryption::Disable);
            let (client, connection) = config.connect(NoTls).await?;
            (client, drive(connection))
        } else {
            config.ssl_negotiation(SslNegotiation::Direct);
            let (client, connection) = config.connect(Plain(last.clone())).await?;
            (client, drive(connection))
        };
        Ok(self.wrap(client, driven, last).await)
    }

    async fn wrap(
        &self,
        client: Client,
        driven: Driven,
        last: LastState,
    ) -> Result<Connected, PostgresError> {
        let conn = AsyncPgConnection::try_from(client).await.map_err(|error| {
            PostgresError::Unreachable(format!("PostgreSQL at {self}: {error}."))
        })?;
        let Driven { closed, notifications } = driven;
        Ok(Connected { conn, closed, last, notifications })
    }
}

/// The server's list of who may come in names encrypted and plain connections apart, and a
/// server may offer TLS that it can't do: then libpq too tries the other way.
fn wants_the_other(error: &tokio_postgres::Error) -> bool {
    let not_listed = error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
    not_listed || tls_error(error).is_some() || offers_no_tls(error)
}

/// The second error with the first one's sentence before it.
fn both(first: PostgresError, second: PostgresError) -> PostgresError {
    match second {
        PostgresError::Refused(other) => PostgresError::Refused(format!("{first} {other}")),
        other => PostgresError::Unreachable(format!("{first} {other}")),
    }
}

fn drive<S, T>(mut connection: Connection<S, T>) -> Driven
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: TlsStream + Unpin + Send + 'static,
{
    let closed = Arc::new(AtomicBool::new(false));
    let end = End(Arc::clone(&closed));
    let (heard, notifications) = mpsc::channel(UNHEARD);
    tokio::spawn(async move {
        let _end = end;
        while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
            match message {
                Ok(AsyncMessage::Notification(notification)) => {
                    drop(heard.try_send(notification.payload().to_owned()));
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "a PostgreSQL connection broke");
                    return;
                }
            }
        }
    });
    Driven { closed, notifications }
}

/// Reports the end of a connection, even where its task is aborted.
struct End(Arc<AtomicBool>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl fmt::Debug for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connected").field("closed", &self.closed).finish_non_exhaustive()
    }
}
