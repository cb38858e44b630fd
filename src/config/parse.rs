//! How single values are read. Each error is a rule that goes on from the variable's name.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use regex::Regex;
use secrecy::SecretString;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use url::Url;

use super::Location;

/// The fewest characters of a key.
pub(crate) const KEY_LENGTH: usize = 32;

/// The rule for keys, wherever they come from.
pub(crate) const KEY_RULE: &str = "must hold keys of at least 32 characters each";

const DAY: u64 = 24 * 60 * 60;

pub(super) fn listen<'de, D: Deserializer<'de>>(d: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(d)?;
    text.trim()
        .parse()
        .map_err(|_| D::Error::custom("must be an IP address and a port, such as 127.0.0.1:8000"))
}

pub(super) fn language<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    let text = String::deserialize(d)?;
    let text = text.trim();
    ["ru", "kk", "en"]
        .contains(&text)
        .then(|| text.to_owned())
        .ok_or_else(|| D::Error::custom("must be one of ru, kk, en"))
}

pub(super) fn seconds<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
    match u64::deserialize(d)? {
        n @ 1..=DAY => Ok(Duration::from_secs(n)),
        _ => Err(D::Error::custom("must be a whole number of seconds from 1 to 86400")),
    }
}

/// The assistant's limit: an engine's lease on a job, and an API caller's patience, are longer.
pub(super) fn thinking_time<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
    match u64::deserialize(d)? {
        n @ 1..=35 => Ok(Duration::from_secs(n)),
        _ => Err(D::Error::custom("must be a whole number of seconds from 1 to 35")),
    }
}

pub(super) fn milliseconds<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
    match u64::deserialize(d)? {
        n @ 0..=60_000 => Ok(Duration::from_millis(n)),
        _ => Err(D::Error::custom("must be a whole number of milliseconds from 0 to 60000")),
    }
}

pub(super) fn database<'de, D: Deserializer<'de>>(d: D) -> Result<Location, D::Error> {
    let text = String::deserialize(d)?;
    let rest = ["sqlite://", "postgres://", "postgresql://"]
        .iter()
        .find_map(|scheme| text.trim().strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() => Ok(Location::new(text.trim())),
        _ => Err(D::Error::custom(
            "must be sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME (or postgresql://)",
        )),
    }
}

pub(super) fn attachments<'de, D: Deserializer<'de>>(d: D) -> Result<Location, D::Error> {
    let location = Location::new(String::deserialize(d)?.trim());
    match location.scheme().as_str() {
        "file" | "s3" => Ok(location),
        _ => Err(D::Error::custom("must begin with file: or s3:")),
    }
}

pub(super) fn http<'de, D: Deserializer<'de>>(d: D) -> Result<Location, D::Error> {
    server(&String::deserialize(d)?, ["http", "https"])
}

pub(super) fn http_or_none<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Location>, D::Error> {
    http(d).map(Some)
}

pub(super) fn websocket_or_none<'de, D>(d: D) -> Result<Option<Location>, D::Error>
where
    D: Deserializer<'de>,
{
    server(&String::deserialize(d)?, ["ws", "wss"]).map(Some)
}

fn server<E: Error>(text: &str, [plain, safe]: [&str; 2]) -> Result<Location, E> {
    let text = text.trim().trim_end_matches('/');
    match Url::parse(text) {
        Ok(url) if [plain, safe].contains(&url.scheme()) && url.has_host() => {
            Ok(Location::new(text))
        }
        _ => Err(E::custom(format!("must be an address that begins with {plain}:// or {safe}://"))),
    }
}

pub(super) fn texts<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    list(d, "must hold texts with commas between them", |item| Some(item.to_owned()))
}

pub(super) fn keys<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<SecretString>, D::Error> {
    list(d, KEY_RULE, |item| (item.chars().count() >= KEY_LENGTH).then(|| SecretString::from(item)))
}

pub(super) fn networks<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<IpNet>, D::Error> {
    list(d, "must hold networks such as 10.0.0.0/8, with commas between them", |item| {
        item.parse().ok().or_else(|| item.parse::<IpAddr>().ok().map(IpNet::from))
    })
}

pub(super) fn origins<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    list(d, "must hold origins such as https://example.com, with commas between them", |item| {
        let url = Url::parse(item).ok()?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let web = matches!(url.scheme(), "http" | "https") && url.username().is_empty();
        (bare && web).then(|| url.origin().ascii_serialization())
    })
}

pub(super) fn hosts<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    list(d, "must hold hosts such as help.example.com, with commas between them", |item| {
        let url = Url::parse(&format!("https://{item}/")).ok()?;
        let is_host = !item.contains(['/', '@', ':', '?', '#', '\\']);
        url.host_str().filter(|_| is_host).map(str::to_owned)
    })
}

/// Patterns may hold commas, so blanks stand between them.
pub(super) fn patterns<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Regex>, D::Error> {
    let text = String::deserialize(d)?;
    let patterns: Result<Vec<Regex>, _> = text.split_whitespace().map(Regex::new).collect();
    patterns.map_err(|_| {
        D::Error::custom("must hold regular expressions, with blanks between them (\\s is a blank)")
    })
}

pub(super) fn pauses<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Duration>, D::Error> {
    list(d, "must hold whole seconds, up to a week each, with commas between them", |item| {
        let seconds = item.parse().ok().filter(|n| *n <= 7 * DAY)?;
        Some(Duration::from_secs(seconds))
    })
}

/// A list is a text with commas, or, in a file, also an array or a single number.
fn list<'de, D: Deserializer<'de>, T>(
    d: D,
    rule: &'static str,
    read: fn(&str) -> Option<T>,
) -> Result<Vec<T>, D::Error> {
    let items = d.deserialize_any(Items(rule))?;
    if items.is_empty() {
        return Err(D::Error::custom(rule));
    }
    let all: Option<Vec<T>> = items.iter().map(|item| read(item)).collect();
    all.ok_or_else(|| D::Error::custom(rule))
}

struct Items(&'static str);

impl<'de> Visitor<'de> for Items {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text with commas")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        Ok(items.map(str::to_owned).collect())
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Self::Value, E> {
        Ok(vec![n.to_string()])
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Self::Value, E> {
        Ok(vec![n.to_string()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Item(item)) = seq.next_element().map_err(|_| A::Error::custom(self.0))? {
            items.push(item);
        }
        Ok(items)
    }
}

/// One item of an array: a text or a whole number.
#[derive(Debug)]
struct Item(String);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let mut items = d.deserialize_any(Items("must be a text"))?;
        match (items.pop(), items.is_empty()) {
            (Some(item), true) => Ok(Self(item)),
            _ => Err(D::Error::custom("must be a text")),
        }
    }
}
