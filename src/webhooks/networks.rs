//! The networks that a webhook must not reach: whoever may create webhooks would otherwise reach,
//! through this machine, what only this machine can.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// A network of the special-purpose registries (RFC 6890 and what has been added to them since).
struct Network {
    net: IpNet,
    /// What an address in it is, for a sentence.
    what: &'static str,
    /// Whether `WEBHOOK_ALLOW_PRIVATE` opens it: own machines and own networks, nothing else.
    own: bool,
}

/// Where clouds hand out their machines' credentials. Never a receiver, whatever is allowed.
const METADATA: [Network; 7] = [
    v4([169, 254, 169, 254], 32, "a cloud's metadata", false),
    v4([169, 254, 170, 0], 24, "a cloud's metadata", false),
    v4([168, 63, 129, 16], 32, "a cloud's metadata", false),
    v4([100, 100, 100, 200], 32, "a cloud's metadata", false),
    v4([192, 0, 0, 192], 32, "a cloud's metadata", false),
    v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32, "a cloud's metadata", false),
    v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128, "a cloud's metadata", false),
];

const V4: [Network; 15] = [
    v4([0, 0, 0, 0], 8, "an unspecified", false),
    v4([10, 0, 0, 0], 8, "a private", true),
    v4([100, 64, 0, 0], 10, "a carrier's internal", true),
    v4([127, 0, 0, 0], 8, "a loopback", true),
    v4([169, 254, 0, 0], 16, "a link-local", false),
    v4([172, 16, 0, 0], 12, "a private", true),
    v4([192, 0, 0, 0], 24, "a reserved", false),
    v4([192, 0, 2, 0], 24, "a documentation", false),
    v4([192, 88, 99, 0], 24, "a 6to4 relay's", false),
    v4([192, 168, 0, 0], 16, "a private", true),
    v4([198, 18, 0, 0], 15, "a benchmarking", false),
    v4([198, 51, 100, 0], 24, "a documentation", false),
    v4([203, 0, 113, 0], 24, "a documentation", false),
    v4([224, 0, 0, 0], 4, "a multicast", false),
    v4([240, 0, 0, 0], 4, "a reserved", false),
];

const V6: [Network; 12] = [
    v6([0; 8], 128, "an unspecified", false),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, "a loopback", true),
    v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, "a NAT64", true),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "a NAT64", true),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, "a Teredo", false),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "a reserved", false),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "a documentation", false),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "a 6to4", false),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "a documentation", false),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "a private", true),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "a link-local", true),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "a multicast", false),
];

/// The only part of IPv6 that has been given out to the public.
const PUBLIC_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Why nothing is sent to an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Forbidden {
    /// What kind of address it is, with its article: `a loopback`.
    pub(super) what: &'static str,
    /// Whether `WEBHOOK_ALLOW_PRIVATE` would allow it.
    pub(super) own: bool,
}

/// Whether a webhook may be sent to an address. An IPv4 address inside an IPv6 one (mapped, or
/// behind NAT64) is looked at as well.
pub(super) fn check(address: IpAddr, allow_private: bool) -> Result<(), Forbidden> {
    let address = address.to_canonical();
    let named = METADATA.iter().chain(&V4).chain(&V6).find(|known| known.net.contains(&address));
    let forbidden = match (named, address) {
        (Some(network), _) => Some(Forbidden { what: network.what, own: network.own }),
        (None, IpAddr::V6(v6)) if !PUBLIC_V6.contains(&v6) => {
            Some(Forbidden { what: "a reserved", own: false })
        }
        (None, _) => None,
    };
    match forbidden {
        Some(forbidden) if !(forbidden.own && allow_private) => Err(forbidden),
        _ => behind_nat64(address).map_or(Ok(()), |inner| check(inner.into(), allow_private)),
    }
}

/// RFC 6052, the well-known prefix and the most used form of the local one.
fn behind_nat64(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    match address.segments() {
        [0x64, 0xff9b, .., high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    }
}

const fn v4(start: [u8; 4], length: u8, what: &'static str, own: bool) -> Network {
    let [a, b, c, d] = start;
    let net = IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length));
    Network { net, what, own }
}

const fn v6(start: [u16; 8], length: u8, what: &'static str, own: bool) -> Network {
    let [a, b, c, d, e, f, g, h] = start;
    let net = IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), length));
    Network { net, what, own }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forbidden(address: &str, allow_private: bool) -> Option<&'static str> {
        check(address.parse().unwrap(), allow_private).err().map(|forbidden| forbidden.what)
    }

    #[test]
    fn public_addresses_are_allowed() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.0.0.1",
            "128.0.0.1",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2001:200::1",
            "2a00::1",
            "::ffff:1.1.1.1",
        ] {
            assert_eq!(forbidden(address, false), None, "{address}");
        }
    }

    #[test]
    fn own_networks_are_opened_by_the_option() {
        for (address, what) in [
            ("10.255.255.255", "a private"),
            ("172.16.0.0", "a private"),
            ("172.31.255.255", "a private"),
            ("192.168.0.1", "a private"),
            ("100.64.0.0", "a carrier's internal"),
            ("100.127.255.255", "a carrier's internal"),
            ("127.0.0.1", "a loopback"),
            ("127.255.255.255", "a loopback"),
            ("::1", "a loopback"),
            ("::ffff:127.0.0.1", "a loopback"),
            ("64:ff9b::101:101", "a NAT64"),
            ("64:ff9b:1::101:101", "a NAT64"),
            ("fc00::1", "a private"),
            ("fdff::1", "a private"),
            ("fe80::1", "a link-local"),
            ("febf::1", "a link-local"),
        ] {
            assert_eq!(forbidden(address, false), Some(what), "{address}");
            assert_eq!(forbidden(address, true), None, "{address}");
        }
    }

    #[test]
    fn the_rest_is_never_sent_to() {
        for (address, what) in [
            ("0.0.0.0", "an unspecified"),
            ("0.255.255.255", "an unspecified"),
            ("169.254.0.1", "a link-local"),
            ("169.254.169.254", "a cloud's metadata"),
            ("169.254.170.2", "a cloud's metadata"),
            ("169.254.170.23", "a cloud's metadata"),
            ("168.63.129.16", "a cloud's metadata"),
            ("fd00:ec2::23", "a cloud's metadata"),
            ("fd20:ce::254", "a cloud's metadata"),
            ("100.100.100.200", "a cloud's metadata"),
            ("192.0.0.192", "a cloud's metadata"),
            ("fd00:ec2::254", "a cloud's metadata"),
            ("::ffff:169.254.169.254", "a cloud's metadata"),
            ("192.0.0.8", "a reserved"),
            ("192.0.2.1", "a documentation"),
            ("198.51.100.1", "a documentation"),
            ("203.0.113.1", "a documentation"),
            ("192.88.99.1", "a 6to4 relay's"),
            ("198.18.0.1", "a benchmarking"),
            ("198.19.255.255", "a benchmarking"),
            ("224.0.0.1", "a multicast"),
            ("239.255.255.255", "a multicast"),
            ("240.0.0.1", "a reserved"),
            ("255.255.255.255", "a reserved"),
            ("::", "an unspecified"),
            ("::7f00:1", "a reserved"),
            ("::ffff:0:7f00:1", "a reserved"),
            ("100::1", "a reserved"),
            ("2001::1", "a Teredo"),
            ("2001:2::1", "a reserved"),
            ("2001:1ff::1", "a reserved"),
            ("2001:db8::1", "a documentation"),
            ("2002:7f00:1::", "a 6to4"),
            ("3fff::1", "a documentation"),
            ("4000::1", "a reserved"),
            ("5f00::1", "a reserved"),
            ("fec0::1", "a reserved"),
            ("ff02::1", "a multicast"),
        ] {
            assert_eq!(forbidden(address, false), Some(what), "{address}");
            assert_eq!(forbidden(address, true), Some(what), "{address}");
        }
    }

    #[test]
    fn what_lies_behind_nat64_is_looked_at() {
        for address in ["64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe"] {
            assert_eq!(forbidden(address, true), Some("a cloud's metadata"), "{address}");
        }
    }
}
