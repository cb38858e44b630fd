//! One try of a delivery: a POST, and what became of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::dns::Resolve;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use secrecy::SecretString;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::failure::Failure;
use super::target::{Resolver, SystemLookup};
use super::{python, sign, target};
use crate::clock::Millis;
use crate::config::Config;
use crate::tls;

/// How long name, connection and TLS may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read; whoever sends more is not listened to any longer.
const READ_AT_MOST: usize = 64 * 1024;
/// Characters of an answer that are kept.
const KEEP_AT_MOST: usize = 1000;
/// Shorter than uvicorn and Node keep a connection that nothing comes over: they would close it at
/// the moment when the next delivery is sent.
const IDLE_FOR: Duration = Duration::from_secs(4);
/// As many as are ever in flight, since all webhooks may be of one host: a connection that is not kept
/// costs more than all the rest of a try.
const IDLE_PER_HOST: usize = 64;

/// What is to be posted where.
#[derive(Clone, Debug)]
pub struct Request {
    /// The webhook, for `X-Webhook-Id`.
    pub webhook_id: i64,
    /// Its address, as it was configured; it is checked again.
    pub url: String,
    /// The event's type, for `X-Webhook-Event`.
    pub event_type: String,
    /// The event, for `webhook-id`.
    pub event_id: i64,
    /// The event's payload, as JSON of any form; the body is what Python would print of it.
    pub payload: String,
    /// What signs it.
    pub secret: Option<SecretString>,
    /// What signed before, while that is still good.
    pub previous_secret: Option<SecretString>,
    /// The time of this try, for `webhook-timestamp`.
    pub now: Millis,
}

/// What became of a try.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The first 1,000 characters of the answer's body. U+0000, and bytes that are no UTF-8, have
    /// become U+FFFD.
    pub body: String,
    /// Why it failed, as a sentence without the address; `None` for a success.
    pub error: Option<String>,
    /// How long the receiver asks to be left alone, counted from this try (`Retry-After`, as
    /// seconds or as a date).
    pub retry_after: Option<Duration>,
    /// How long it took.
    pub took: Duration,
}

impl Attempt {
    /// Whether it was delivered: status 2xx, and an answer that ended (or outgrew 64 KiB) in time.
    /// A receiver that never ends its answers has not answered.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.error.is_none() && self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// Whatever kept the client from being built: the TLS settings.
pub type BuildError = Box<dyn std::error::Error + Send + Sync>;

/// Posts deliveries. It follows no redirect, uses no proxy, keeps no cookie, and connects only to
/// addresses that [`target`] allows.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    allow_private: bool,
    within: Duration,
}

impl Sender {
    /// A sender with the limits of `config` that asks this machine's name servers.
    ///
    /// # Errors
    /// TLS could not be set up.
    pub fn new(config: &Config) -> Result<Self, BuildError> {
        Self::with_lookup(config, Arc::new(SystemLookup))
    }

    /// A sender that asks `lookup` for the addresses behind host names. What it says is checked.
    ///
    /// # Errors
    /// TLS could not be set up.
    pub fn with_lookup(config: &Config, lookup: Arc<dyn Resolve>) -> Result<Self, BuildError> {
        let allow_private = config.webhook_allow_private;
        let within = config.webhook_timeout_seconds;
        let client = Client::builder()
            .tls_backend_preconfigured(tls::client_config(tls::public_roots())?)
            .user_agent(concat!("Centrium/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            // A proxy would resolve names by itself, and reach what must not be reached.
            .no_proxy()
            .dns_resolver(Resolver::new(lookup, allow_private))
            .connect_timeout(CONNECT_WITHIN)
            .timeout(within)
            .pool_idle_timeout(IDLE_FOR)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .http1_only()
            .build()?;
        Ok(Self { client, allow_private, within })
    }

    /// Posts one delivery, once. It takes as long as `WEBHOOK_TIMEOUT_SECONDS` at most, the
    /// answer's body included, of which 64 KiB are read.
    pub async fn post(&self, request: Request) -> Attempt {
        let began = Instant::now();
        let response = match self.send(&request).await {
            Ok(response) => response,
            Err(failure) => {
                return Attempt {
                    status: None,
                    body: String::new(),
                    error: Some(failure.sentence(self.within)),
                    retry_after: None,
                    took: began.elapsed(),
                };
            }
        };
        let status = response.status();
        let retry_after = retry_after(response.headers(), request.now);
        let (body, broken) = read_body(response).await;
        let failure = broken.or_else(|| (!status.is_success()).then_some(Failure::Status(status)));
        Attempt {
            status: Some(status.as_u16()),
            body: beginning(&body),
            error: failure.map(|failure| failure.sentence(self.within)),
            retry_after,
            took: began.elapsed(),
        }
    }

    async fn send(&self, request: &Request) -> Result<Response, Failure> {
        // The client would connect to an address that is no name without asking the resolver.
        let url = target::check(&request.url, self.allow_private)?;
        let body = python::dumps(&request.payload)?;
        let headers = sign::headers(request, &body)?;
        Ok(self.client.post(url).headers(headers).body(body).send().await?)
    }
}

/// What the receiver said, as far as it is read, and why it broke off.
async fn read_body(mut response: Response) -> (Vec<u8>, Option<Failure>) {
    let mut body = Vec::new();
    while body.len() < READ_AT_MOST {
        match response.chunk().await {
            Ok(Some(part)) => {
                let room = READ_AT_MOST - body.len();
                body.extend_from_slice(part.get(..room).unwrap_or(&part));
            }
            Ok(None) => break,
            Err(error) => return (body, Some(Failure::Answer(error))),
        }
    }
    (body, None)
}

fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.chars().take(KEEP_AT_MOST).map(|c| if c == '\0' { '\u{fffd}' } else { c }).collect()
}

/// RFC 9110, 10.2.3: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: Millis) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = OffsetDateTime::parse(text, &Rfc2822).ok()?.unix_timestamp();
    u64::try_from(until - now.div_euclid(1000)).ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let read = |text: &'static str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, 1_445_412_420_000).map(|pause| pause.as_secs())
        };
        assert_eq!(read("120"), Some(120));
        assert_eq!(read("0"), Some(0));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(60));
        for none in ["Wed, 21 Oct 2015 07:26:00 GMT", "-1", "soon", "1.5", ""] {
            assert_eq!(read(none), None, "{none:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), 0), None);
    }

    #[test]
    fn the_beginning_of_an_answer_is_text() {
        assert_eq!(beginning(b"a\0b\xff"), "a\u{fffd}b\u{fffd}");
        assert_eq!(beginning("ж".repeat(1500).as_bytes()), "ж".repeat(1000));
    }
}
