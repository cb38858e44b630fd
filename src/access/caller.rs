//! Whose request it is: the address that limits and logs go by.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

const FORWARDED: &str = "x-forwarded-for";

/// The address of the client behind a connection from `peer`.
///
/// `X-Forwarded-For` counts only as far as those who wrote it are `trusted`: it is walked from
/// the right, where the nearest proxy wrote, and the first address that is no trusted proxy is
/// the client. What stands to the left of it came from the client and is not looked at. Where an
/// address that a trusted proxy should have written can't be read, it is the connection's.
/// IPv4 addresses are never in their IPv6 form here.
#[must_use]
pub fn caller(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let mut client = peer;
    let values = headers.get_all(FORWARDED).iter().collect::<Vec<_>>();
    for value in values.into_iter().rev() {
        // A header is bytes: what a client wrote may be no text, and must not hide what a proxy
        // appended to it.
        for hop in value.as_bytes().rsplit(|byte| *byte == b',') {
            let Some(address) = std::str::from_utf8(hop).ok().and_then(address) else {
                return peer;
            };
            client = address;
            if !is_trusted(&client) {
                return client;
            }
        }
    }
    client
}

/// An address, as proxies write it: alone, in brackets, with a port.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = || hop.parse().ok();
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare().or_else(bracketed).or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn seen(peer: &str, headers: &[&[u8]]) -> String {
        let trusted: Vec<IpNet> =
            ["10.0.0.0/8", "fd00::/8"].iter().map(|net| net.parse().unwrap()).collect();
        let mut map = HeaderMap::new();
        for value in headers {
            map.append(FORWARDED, HeaderValue::from_bytes(value).unwrap());
        }
        caller(peer.parse().unwrap(), &map, &trusted).to_string()
    }

    #[test]
    fn without_a_proxy_it_is_the_connection_whatever_the_header_says() {
        assert_eq!(seen("203.0.113.9", &[]), "203.0.113.9");
        assert_eq!(seen("203.0.113.9", &[b"198.51.100.1"]), "203.0.113.9");
        assert_eq!(seen("203.0.113.9", &[b"10.0.0.1, 10.0.0.2"]), "203.0.113.9");
    }

    #[test]
    fn behind_proxies_it_is_the_first_stranger_from_the_right() {
        assert_eq!(seen(PROXY, &[b"198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen(PROXY, &[b"1.1.1.1, 198.51.100.1, 10.2.2.2"]), "198.51.100.1");
        assert_eq!(seen(PROXY, &[b"1.1.1.1", b"198.51.100.1", b"10.2.2.2"]), "198.51.100.1");
        assert_eq!(seen("fd00::7", &[b"2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn a_request_from_the_proxies_themselves_is_the_farthest_one() {
        assert_eq!(seen(PROXY, &[b"10.3.3.3, 10.2.2.2"]), "10.3.3.3");
        assert_eq!(seen(PROXY, &[]), PROXY);
    }

    #[test]
    fn a_header_that_can_not_be_read_is_the_connection() {
        for header in ["unknown", "", "1.2.3.4.5", "198.51.100.1, oops", "198.51.100.1,"] {
            assert_eq!(seen(PROXY, &[header.as_bytes()]), PROXY, "{header}");
        }
    }

    #[test]
    fn what_the_client_made_up_does_not_hide_what_the_proxy_wrote() {
        assert_eq!(seen(PROXY, &[b"oops, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen(PROXY, &[b"\xff\xfe, 198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn ports_and_brackets_are_understood() {
        assert_eq!(seen(PROXY, &[b"198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(seen(PROXY, &[b"[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(seen(PROXY, &[b"[2001:db8::1]"]), "2001:db8::1");
    }

    #[test]
    fn an_ipv4_address_in_ipv6_form_is_the_ipv4_address() {
        assert_eq!(seen("::ffff:10.0.0.1", &[b"::ffff:198.51.100.1"]), "198.51.100.1");
    }

    proptest! {
        #[test]
        fn a_client_can_not_choose_its_address(
            made_up in prop::collection::vec(0x20u8..0x7f, 0..60),
        ) {
            let mut header = made_up;
            header.extend_from_slice(b",198.51.100.1");
            prop_assert_eq!(seen(PROXY, &[header.as_slice()]), "198.51.100.1");
        }
    }
}
