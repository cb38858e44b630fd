//! Which PostgreSQL, and how to reach it.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslNegotiation, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::PostgresError;
use super::options::{Options, SslMode};
use super::trust;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A server that vanished is noticed after about this long, with a statement on its way or not.
const GONE_AFTER: Duration = Duration::from_secs(15);
const PROBE_AFTER: Duration = Duration::from_secs(6);
const PROBE_EVERY: Duration = Duration::from_secs(3);
const PROBES: u32 = 3;

/// A `DATABASE_URL` that names a PostgreSQL. Neither its `Debug` nor its `Display` form nor an
/// error holds the password.
#[derive(Clone)]
pub struct PostgresTarget {
    pub(super) config: Config,
    pub(super) mode: SslMode,
    pub(super) tls: MakeRustlsConnect,
}

impl PostgresTarget {
    /// Reads `postgres://` or `postgresql://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE&…`.
    ///
    /// Options are libpq's: `sslmode` and `sslrootcert` (below), `connect_timeout` (5 seconds if
    /// not given), `application_name` (`centrium`), `keepalives`, `keepalives_idle`,
    /// `keepalives_interval`, `keepalives_retries` and `tcp_user_timeout` (in seconds; together
    /// a vanished server is noticed after 15), `host` (also a socket's folder), `hostaddr`,
    /// `port`, `user`, `password`, `dbname`, `options`, `target_session_attrs`,
    /// `channel_binding`, `load_balance_hosts`, `sslnegotiation`.
    ///
    /// | `sslmode` | TLS | the server's certificate |
    /// |---|---|---|
    /// | `disable` | no | |
    /// | `allow` | if the server takes no plain connection | not checked |
    /// | `prefer`, the default | if the server offers it | not checked |
    /// | `require` | yes | not checked; with `sslrootcert` like `verify-ca` |
    /// | `verify-ca` | yes | made by an authority of `sslrootcert` |
    /// | `verify-full` | yes | that, and its subjectAltName holds the host |
    ///
    /// `sslrootcert` is a PEM file, which may hold the server's own certificate, or `system` for
    /// the public authorities, which `verify-ca` and `verify-full` trust without it too. Unix
    /// sockets go without TLS. The file is read once, here.
    ///
    /// # Errors
    ///
    /// [`PostgresError::Setting`].
    pub fn parse(url: &str) -> Result<Self, PostgresError> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(setting("must start with postgres:// or postgresql://"));
        }
        let options = Options::split(url)?;
        let mut config: Config = options.address.parse().map_err(|error| unreadable(&error))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(setting("names no host"));
        }
        set_defaults(&mut config, &options);
        let mut tls = trust::client_config(options.mode, &options.roots)?;
        if config.get_ssl_negotiation() == SslNegotiation::Direct {
            tls.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        if config.get_hosts().is_empty() {
            // The driver wants a name for TLS.
            for address in config.get_hostaddrs().to_vec() {
                config.host(address.to_string());
            }
        }
        let mode = if is_local(&config) { SslMode::Disable } else { options.mode };
        Ok(Self { config, mode, tls: MakeRustlsConnect::new(tls) })
    }

    /// The Unix socket, where that is the one place to look.
    pub(super) fn only_socket(&self) -> Option<PathBuf> {
        let any = self.config.get_target_session_attrs() == TargetSessionAttrs::Any;
        match self.config.get_hosts() {
            [Host::Unix(folder)] if any => {
                let port = self.config.get_ports().first().copied().unwrap_or(5432);
                Some(folder.join(format!(".s.PGSQL.{port}")))
            }
            _ => None,
        }
    }

    /// Whether one of the hosts is a folder with a Unix socket.
    pub(super) fn has_sockets(&self) -> bool {
        self.config.get_hosts().iter().any(|host| !matches!(host, Host::Tcp(_)))
    }

    /// The longest that connecting may take: for each host once `connect_timeout` for TCP, which
    /// is all that the driver counts, and once for TLS and login.
    pub(super) fn patience(&self) -> Duration {
        let hosts = self.config.get_hosts().len().max(self.config.get_hostaddrs().len()).max(1);
        let each = self.config.get_connect_timeout().copied().unwrap_or(CONNECT_WITHIN) * 2;
        each.saturating_mul(u32::try_from(hosts).unwrap_or(u32::MAX))
    }
}

fn set_defaults(config: &mut Config, options: &Options) {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_WITHIN);
    }
    if config.get_application_name().is_none() {
        config.application_name("centrium");
    }
    if !options.has("keepalives_idle") {
        config.keepalives_idle(PROBE_AFTER);
    }
    if !options.has("keepalives_interval") {
        config.keepalives_interval(PROBE_EVERY);
    }
    if !options.has("keepalives_retries") {
        config.keepalives_retries(PROBES);
    }
    if !options.has("tcp_user_timeout") {
        config.tcp_user_timeout(GONE_AFTER);
    }
}

#[cfg(unix)]
fn is_local(config: &Config) -> bool {
    let sockets = config.get_hosts().iter().filter(|host| matches!(host, Host::Unix(_))).count();
    sockets > 0 && sockets == config.get_hosts().len()
}

#[cfg(not(unix))]
fn is_local(_: &Config) -> bool {
    false
}

fn setting(what: &str) -> PostgresError {
    PostgresError::Setting(format!("DATABASE_URL {what}."))
}

/// The driver names the option that it can't read, never its value.
fn unreadable(error: &tokio_postgres::Error) -> PostgresError {
    match error.source() {
        Some(cause) => setting(&format!("can't be read: {cause}")),
        None => setting("can't be read"),
    }
}

impl fmt::Display for PostgresTarget {
    /// Hosts and ports: `db1:5432,db2:5432`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ports = self.config.get_ports();
        let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        let name = |host: &Host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(folder) => folder.display().to_string(),
        };
        let mut hosts: Vec<String> = self.config.get_hosts().iter().map(name).collect();
        if hosts.is_empty() {
            hosts = self.config.get_hostaddrs().iter().map(ToString::to_string).collect();
        }
        for (at, host) in hosts.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{host}:{}", port(at))?;
        }
        Ok(())
    }
}

impl fmt::Debug for PostgresTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresTarget")
            .field("hosts", &self.to_string())
            .field("database", &self.config.get_dbname())
            .field("user", &self.config.get_user())
            .field("sslmode", &self.mode)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> PostgresTarget {
        PostgresTarget::parse(url).unwrap()
    }

    #[test]
    fn what_is_not_given_has_a_default() {
        let target = parse("postgres://ann:s3cret@db/tickets");
        let config = &target.config;
        assert_eq!(target.mode, SslMode::Prefer);
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(5)));
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(15)));
        assert!(config.get_keepalives());
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(6));
        assert_eq!(config.get_keepalives_interval(), Some(Duration::from_secs(3)));
        assert_eq!(config.get_keepalives_retries(), Some(3));
        assert_eq!(config.get_application_name(), Some("centrium"));
        assert_eq!(target.patience(), Duration::from_secs(10));
    }

    #[test]
    fn what_is_given_stays() {
        let target = parse(
            "postgresql://u@db1:6432,db2/t?connect_timeout=2&application_name=x\
             &keepalives_idle=60&tcp_user_timeout=90&sslmode=require",
        );
        let config = &target.config;
        assert_eq!(target.mode, SslMode::Require);
        assert_eq!(config.get_application_name(), Some("x"));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(60));
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(90)));
        assert_eq!(target.patience(), Duration::from_secs(8));
        assert_eq!(target.to_string(), "db1:6432,db2:5432");
    }

    #[test]
    fn a_socket_goes_without_tls() {
        let target = parse("postgres:///t?host=/run/postgresql&user=u&sslmode=verify-full");
        assert_eq!(target.mode, SslMode::Disable);
        assert_eq!(target.to_string(), "/run/postgresql:5432");
    }

    #[test]
    fn the_password_is_shown_nowhere() {
        for url in ["postgres://ann:s3cret@db/t", "postgres://db/t?user=ann&password=s3cret"] {
            let target = parse(url);
            let shown = format!("{target:?} {target:#?} {target}");
            assert!(shown.contains("db:5432") && !shown.contains("s3cret"), "{shown}");
            assert_eq!(target.config.get_password(), Some(&b"s3cret"[..]));
        }
    }

    #[test]
    fn an_address_that_cannot_be_right_is_refused_without_its_password() {
        for (url, why) in [
            ("mysql://ann:s3cret@db/t", "must start with"),
            ("postgres:///t?user=ann&password=s3cret", "names no host"),
            ("postgres://ann:s3cret@db:port/t", "port"),
            ("postgres://ann:s3cret@db/t?colour=red", "colour"),
            ("postgres://ann:s3cret@db/t?connect_timeout=soon", "connect_timeout"),
            ("postgres://ann:s3cret@db/t?sslmode=maybe", "sslmode"),
            ("postgres://ann:s3cret@db/t?sslmode=verify-ca&sslrootcert=/none.pem", "/none.pem"),
        ] {
            let refused = PostgresTarget::parse(url).unwrap_err();
            let sentence = refused.to_string();
            assert!(matches!(refused, PostgresError::Setting(_)));
            assert!(sentence.contains(why) && !sentence.contains("s3cret"), "{sentence}");
        }
    }
}
