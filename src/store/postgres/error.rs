//! Why there is no connection.

use std::error::Error;
use std::io;

use rustls::CertificateError;
use tokio_postgres::error::SqlState;

/// Why there is no connection, in a sentence that holds no password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostgresError {
    /// `DATABASE_URL` itself can't be right.
    #[error("{0}")]
    Setting(String),
    /// The server was reached and is not the right one or won't have us: certificate, password,
    /// name of the database. Only a person can help.
    #[error("{0}")]
    Refused(String),
    /// The server can't be reached or takes no connection now; it may later.
    #[error("{0}")]
    Unreachable(String),
}

impl PostgresError {
    /// What a try to connect to `server` came to.
    pub(super) fn of(server: &str, error: &tokio_postgres::Error) -> Self {
        let sentence = format!("PostgreSQL at {server}: {}.", reason(error));
        let refused = match error.code() {
            Some(state) => needs_a_person(state),
            None => matches!(tls_error(error), Some(rustls::Error::InvalidCertificate(_))),
        };
        if refused { Self::Refused(sentence) } else { Self::Unreachable(sentence) }
    }
}

fn needs_a_person(state: &SqlState) -> bool {
    let (class, code) = (state.code().get(..2), state.code());
    // Authorization, no such database, may not connect to it.
    class == Some("28") || code == "3D000" || code == "42501"
}

/// The failure of the handshake inside an error of the driver, if that is what it was.
pub(super) fn tls_error(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    // An io::Error hides what it carries from source(), so it is asked by itself.
    let carried = error.source()?.downcast_ref::<io::Error>()?.get_ref()?;
    carried.downcast_ref()
}

/// Whether the server was asked for TLS and has none. The driver says so in these words only.
pub(super) fn offers_no_tls(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(|cause| cause.to_string() == "server does not support TLS")
}

/// Neither the driver's own sentences nor the server's name a password.
fn reason(error: &tokio_postgres::Error) -> String {
    if let Some(from_server) = error.as_db_error() {
        return from_server.message().to_owned();
    }
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::Other(_),
        )) => "its certificate comes from no authority that sslrootcert trusts".to_owned(),
        Some(rustls::Error::InvalidCertificate(why)) => format!("its certificate: {why}"),
        _ => chain(error),
    }
}

/// An error and what caused it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
