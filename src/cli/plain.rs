//! Commands without options of their own.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::say;
use crate::app::AppError;
use crate::config::Config;
use crate::store::Store;

/// How long a running engine may take to say that it works.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn print_openapi() -> Result<(), AppError> {
    let document = crate::api::document();
    let text = document.to_pretty_json().map_err(|e| AppError::new("Can't write it", e))?;
    say(text);
    Ok(())
}

pub(super) async fn migrate(config: Config) -> Result<(), AppError> {
    let cannot = |e| AppError::new("Can't migrate the database", e);
    let store = Store::open(config.database_url.as_str()).await.map_err(cannot)?;
    let done = store.migrate().await.map_err(cannot)?;
    if done.is_empty() {
        say("The database is up to date.");
    }
    for migration in done {
        say(format!("migrated {migration}"));
    }
    Ok(())
}

/// One plain HTTP request to the engine's own address; no client library is worth its weight here.
pub(super) fn check_health(config: &Config) -> Result<(), AppError> {
    let address = reachable(config.listen);
    let cannot = |e: std::io::Error| AppError::new(&format!("No engine answers on {address}"), e);
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(cannot)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(cannot)?;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(cannot)?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).map_err(cannot)?;
    if &head == b"HTTP/1.1 200" {
        say("ok");
        Ok(())
    } else {
        Err(AppError(format!("The engine on {address} can't write its database.")))
    }
}

/// An engine that listens on every address is asked on the local one.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
