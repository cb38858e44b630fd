//! Where deliveries may go.

use std::net::IpAddr;

use url::{Host, Url};

/// Why an address is refused, in a sentence.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(String);

/// Reads an address that deliveries may go to.
///
/// # Errors
/// One that is not http or https, or that is private.
pub fn check(url: &str, allow_private: bool) -> Result<Url, Refusal> {
    let refused = |why: &str| Refusal(why.to_owned());
    let url = Url::parse(url).map_err(|_| refused("url is no address."))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("url must begin with http:// or https://."));
    }
    let ip = match url.host() {
        Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
        Some(Host::Domain("localhost")) => Some(IpAddr::from([127, 0, 0, 1])),
        _ => None,
    };
    let is_private = match ip {
        Some(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        Some(IpAddr::V6(ip)) => ip.is_loopback(),
        None => false,
    };
    if is_private && !allow_private {
        return Err(refused("url is a private address."));
    }
    Ok(url)
}

/// The same, also for what the host's name stands for.
///
/// # Errors
/// As [`check`].
pub async fn resolve_and_check(url: &str, allow_private: bool) -> Result<Url, Refusal> {
    check(url, allow_private)
}
