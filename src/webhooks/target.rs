//! Where a webhook may be sent. It is checked three times: when the webhook is created, before
//! each try, and, for a host name, on the very addresses that are connected to.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::networks::{self, Forbidden};

/// Characters of an address, as many as servers commonly take.
const LONGEST: usize = 2048;
/// How long whoever creates a webhook waits for the name server.
const RESOLVE_WITHIN: Duration = Duration::from_secs(2);

/// Why a webhook is not sent to an address, as a sentence. It names no address that a name server
/// gave: that may be nobody else's business.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// It is no absolute address, has no host, or another scheme.
    #[error("The URL must be an absolute http or https address.")]
    NotHttp,
    /// It is longer than 2,048 characters.
    #[error("The URL must not be longer than {LONGEST} characters.")]
    TooLong,
    /// It holds a user name or a password.
    #[error("The URL must not hold a user name or a password.")]
    Credentials,
    /// It leads to a network of one's own, and these are not allowed.
    #[error(
        "The URL leads to {0} address; webhooks go to such ones only with WEBHOOK_ALLOW_PRIVATE=true."
    )]
    Own(&'static str),
    /// It leads to an address that no receiver can have.
    #[error("The URL leads to {0} address; webhooks are never sent to such ones.")]
    Never(&'static str),
}

impl From<Forbidden> for Refusal {
    fn from(forbidden: Forbidden) -> Self {
        if forbidden.own { Self::Own(forbidden.what) } else { Self::Never(forbidden.what) }
    }
}

/// Reads a webhook's address, without asking a name server. Every spelling of an IP address that
/// the URL standard knows (hexadecimal, octal, one number, with a dot at the end) is read as that
/// address.
///
/// # Errors
/// The address must not be sent to.
pub fn check(url: &str, allow_private: bool) -> Result<Url, Refusal> {
    if url.chars().count() > LONGEST {
        return Err(Refusal::TooLong);
    }
    let url = Url::parse(url).map_err(|_| Refusal::NotHttp)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Refusal::NotHttp);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Credentials);
    }
    match url.host().ok_or(Refusal::NotHttp)? {
        Host::Ipv4(address) => networks::check(IpAddr::V4(address), allow_private)?,
        Host::Ipv6(address) => networks::check(IpAddr::V6(address), allow_private)?,
        Host::Domain(name) if is_this_machine(name) && !allow_private => {
            return Err(Refusal::Own("a loopback"));
        }
        Host::Domain(_) => {}
    }
    Ok(url)
}

/// As [`check`], and where the host is a name, none of the addresses that it stands for at this
/// moment may be forbidden. A name that is not found within two seconds is no reason to refuse: it
/// may be found later, and is checked again whenever it is connected to.
///
/// # Errors
/// The address must not be sent to.
pub async fn resolve_and_check(url: &str, allow_private: bool) -> Result<Url, Refusal> {
    Resolver::new(Arc::new(SystemLookup), allow_private).check(url).await
}

/// RFC 6761: these names are the machine itself, whoever is asked.
fn is_this_machine(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

/// Host names into addresses, of which all must be allowed. A client that asks this one connects
/// to nothing else than what was checked.
pub struct Resolver {
    lookup: Arc<dyn Resolve>,
    allow_private: bool,
}

impl Resolver {
    /// Asks `lookup` for the addresses.
    #[must_use]
    pub fn new(lookup: Arc<dyn Resolve>, allow_private: bool) -> Self {
        Self { lookup, allow_private }
    }

    /// See [`resolve_and_check`].
    ///
    /// # Errors
    /// The address must not be sent to.
    pub async fn check(&self, url: &str) -> Result<Url, Refusal> {
        let url = check(url, self.allow_private)?;
        let name = url.domain().and_then(|name| name.parse::<Name>().ok());
        if let Some(name) = name
            && let Ok(found) = tokio::time::timeout(RESOLVE_WITHIN, self.resolve(name)).await
            && let Err(error) = found
            && let Some(refusal) = error.downcast_ref::<Refusal>()
        {
            return Err(*refusal);
        }
        Ok(url)
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        let found = self.lookup.resolve(name);
        Box::pin(async move {
            let addresses: Vec<_> = found.await?.collect();
            for address in &addresses {
                networks::check(address.ip(), allow_private).map_err(Refusal::from)?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// What this machine's own configuration says: hosts file and name servers.
#[derive(Debug)]
pub(super) struct SystemLookup;

/// The host's name could not be turned into an address.
#[derive(Debug, thiserror::Error)]
#[error("The host's name was not found.")]
pub(super) struct NotFound(#[source] std::io::Error);

impl Resolve for SystemLookup {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(NotFound)?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_addresses_are_taken() {
        let long = format!("https://example.com/{}", "x".repeat(LONGEST));
        for (url, refusal) in [
            ("", Refusal::NotHttp),
            ("example.com/hook", Refusal::NotHttp),
            ("/hook", Refusal::NotHttp),
            ("http://", Refusal::NotHttp),
            ("ftp://example.com/", Refusal::NotHttp),
            ("file:///etc/passwd", Refusal::NotHttp),
            ("javascript:alert(1)", Refusal::NotHttp),
            ("gopher://example.com/", Refusal::NotHttp),
            ("https://user@example.com/", Refusal::Credentials),
            ("https://:secret@example.com/", Refusal::Credentials),
            (&long, Refusal::TooLong),
        ] {
            assert_eq!(check(url, true).unwrap_err(), refusal, "{url}");
        }
        for url in ["https://example.com/hook?a=1", "http://EXAMPLE.com.:8080", "https://1.1.1.1"] {
            check(url, false).unwrap();
        }
    }

    #[test]
    fn a_refusal_is_a_sentence() {
        let sentence = check("http://127.1/", false).unwrap_err().to_string();
        assert_eq!(
            sentence,
            "The URL leads to a loopback address; webhooks go to such ones only with \
             WEBHOOK_ALLOW_PRIVATE=true."
        );
    }

    #[tokio::test]
    async fn this_machine_is_found_under_its_names() {
        for host in ["localhost", "LOCALHOST.", "admin.localhost"] {
            let url = format!("http://{host}/");
            assert_eq!(check(&url, false).unwrap_err(), Refusal::Own("a loopback"), "{host}");
            assert!(resolve_and_check(&url, true).await.is_ok(), "{host}");
        }
    }
}
