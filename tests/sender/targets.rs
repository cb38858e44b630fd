//! Addresses that nothing is sent to, however they are spelled and whatever a name server says.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use centrium::webhooks::send::Sender;
use centrium::webhooks::target::{self, Refusal, Resolver};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::TcpListener;

use super::{config, request, sender};

/// Listens on this machine, on IPv4 and, where there is one, IPv6, and counts who comes.
struct Canary {
    port: u16,
    visits: Arc<AtomicUsize>,
}

impl Canary {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let visits = Arc::new(AtomicUsize::new(0));
        listen(listener, visits.clone());
        if let Ok(listener) = TcpListener::bind(("::1", port)).await {
            listen(listener, visits.clone());
        }
        Self { port, visits }
    }

    fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

/// Counts each connection, and closes it.
fn listen(listener: TcpListener, visits: Arc<AtomicUsize>) {
    tokio::spawn(async move {
        loop {
            let (visitor, _) = listener.accept().await.unwrap();
            visits.fetch_add(1, Ordering::SeqCst);
            drop(visitor);
        }
    });
}

#[tokio::test]
async fn no_spelling_of_a_forbidden_address_is_connected_to() {
    let canary = Canary::start().await;
    let careful = Sender::new(&config(false, 1)).unwrap();
    let spellings = spellings();
    assert!(spellings.len() >= 150, "{}", spellings.len());
    for host in spellings {
        let url = format!("http://{host}:{}/", canary.port);
        let refused = target::check(&url, false).map(|url| url.to_string());
        assert!(matches!(refused, Err(Refusal::Own(_) | Refusal::Never(_))), "{host}: {refused:?}");
        let attempt = careful.post(request(url)).await;
        assert_eq!(attempt.error, Some(refused.unwrap_err().to_string()), "{host}");
    }
    assert_eq!(canary.visits(), 0);

    // Without the guard, they do lead here.
    let url = |host: &str| format!("http://{host}:{}/", canary.port);
    for (place, host) in ["127.1", "0x7f.1", "2130706433", "localhost"].into_iter().enumerate() {
        sender().post(request(url(host))).await;
        assert_eq!(canary.visits(), place + 1, "{host}");
    }
}

/// Hosts of URLs, each another way to write an address of this machine or one that leads to it.
fn spellings() -> BTreeSet<String> {
    let first = ["127", "0177", "00000177", "0x7f", "0X7F", "0x007f", "%31%32%37", "１２７"];
    let last = ["1", "01", "0x1", "0x0001", "%31"];
    let mut hosts = BTreeSet::new();
    for first in first {
        for last in last {
            for middle in [".0.0.", ".0.", ".", ".0x0.00.", "。0。0。"] {
                hosts.insert(format!("{first}{middle}{last}"));
            }
        }
    }
    let others = [
        "2130706433",
        "0x7f000001",
        "017700000001",
        "0x7F.1",
        "127.255.255.254",
        "127.0.0.2",
        "0",
        "0.0.0.0",
        "0x0",
        "000",
        "0.0",
        "localhost",
        "LocalHost",
        "ｌocalhost",
        "a.localhost",
        "2852039166",
        "0xa9fea9fe",
        "169.254.43518",
        "0251.0376.0251.0376",
        "10.1",
        "0xa000001",
        "192.168.257",
        "172.16.1",
        "3232235777",
        "100.64.1",
        "198.18.1",
        "224.1",
        "255.255.255.255",
    ];
    hosts.extend(others.map(str::to_owned));
    let dotted: Vec<_> = hosts.iter().map(|host| format!("{host}.")).collect();
    hosts.extend(dotted);
    let six = [
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[0000::0001]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::FFFF:7F00:0001]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[::ffff:0:127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001::7f00:1]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[::ffff:169.254.169.254]",
        "[2001:db8::1]",
        "[100::1]",
    ];
    hosts.extend(six.map(str::to_owned));
    hosts
}

/// A name server that says what a test wants, and that it was asked.
#[derive(Default)]
struct Script {
    harmless: AtomicBool,
    forbidden: Mutex<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Resolve for Script {
    fn resolve(&self, _: Name) -> Resolving {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let public = vec!["1.1.1.1".parse().unwrap()];
        let harmless = self.harmless.load(Ordering::SeqCst);
        let found = if harmless { public } else { self.forbidden.lock().unwrap().clone() };
        let found = found.into_iter().map(|address| SocketAddr::new(address, 0));
        Box::pin(async move { Ok(Box::new(found) as Addrs) })
    }
}

/// The name is harmless whenever it is looked at, and leads here when it is connected to.
#[tokio::test]
async fn a_name_that_changes_its_mind_leads_nowhere() {
    let canary = Canary::start().await;
    let script = Arc::new(Script::default());
    let careful = Sender::with_lookup(&config(false, 1), script.clone()).unwrap();
    let resolver = Resolver::new(script.clone(), false);
    let url = format!("http://rebinding.example:{}/", canary.port);
    let turns = [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "1.1.1.1 127.0.0.1",
        "::",
        "10.0.0.1",
        "127.0.0.1 1.1.1.1",
        "64:ff9b::7f00:1",
        "169.254.169.254",
        "2002:7f00:1::",
        "::127.0.0.1",
    ];
    for turn in 0..1000 {
        script.harmless.store(true, Ordering::SeqCst);
        resolver.check(&url).await.unwrap();
        script.harmless.store(false, Ordering::SeqCst);
        let addresses = turns[turn % turns.len()].split(' ');
        *script.forbidden.lock().unwrap() = addresses.map(|ip| ip.parse().unwrap()).collect();
        let attempt = careful.post(request(url.clone())).await;
        let said = attempt.error.unwrap();
        assert!(said.starts_with("The URL leads to"), "{said}");
    }
    assert_eq!(canary.visits(), 0);
    assert_eq!(script.asked.load(Ordering::SeqCst), 2000);

    // Whoever allows it does get here.
    *script.forbidden.lock().unwrap() = vec!["127.0.0.1".parse().unwrap()];
    let open = Sender::with_lookup(&config(true, 1), script).unwrap();
    open.post(request(url)).await;
    assert_eq!(canary.visits(), 1);
}

#[tokio::test]
async fn a_name_is_looked_up_when_a_webhook_is_made() {
    let script = Arc::new(Script::default());
    *script.forbidden.lock().unwrap() = vec!["192.168.0.1".parse().unwrap()];
    let url = "https://intranet.example/hook";
    let resolver = Resolver::new(script.clone(), false);
    assert_eq!(resolver.check(url).await.unwrap_err(), Refusal::Own("a private"));
    let open = Resolver::new(script.clone(), true);
    assert_eq!(open.check(url).await.unwrap().as_str(), url);
    script.harmless.store(true, Ordering::SeqCst);
    assert_eq!(resolver.check(url).await.unwrap().as_str(), url);
}

/// `.invalid` is found nowhere (RFC 6761).
#[tokio::test]
async fn a_name_that_is_not_found_may_be_found_later() {
    let url = "https://hooks.invalid/";
    target::resolve_and_check(url, false).await.unwrap();
    let attempt = Sender::new(&config(false, 3)).unwrap().post(request(url.into())).await;
    let said = attempt.error.unwrap();
    let known = ["The host's name was not found.", "No connection was made in time."];
    assert!(known.contains(&said.as_str()) || said.starts_with("No answer came"), "{said}");
}
