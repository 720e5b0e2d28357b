//! Which addresses are of the public internet (threat L01).
//!
//! Owns: that classification, as a pure function. Does not own: exceptions (`config/outbound`) or connecting (`guard`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 ranges that are nobody's on the public internet (IANA IPv4 special-purpose registry, RFC 6890), multicast and
/// class E: first address and length of the prefix.
const SPECIAL_V4: [([u8; 4], u32); 15] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// The ranges within 2000::/3 that are not ordinary addresses: protocol assignments with Teredo and benchmarking,
/// documentation, 6to4. First two groups of the first address, length of the prefix.
const SPECIAL_V6: [([u16; 2], u32); 4] =
    [([0x2001, 0], 23), ([0x2001, 0x0db8], 32), ([0x2002, 0], 16), ([0x3fff, 0], 20)];

/// Whether an address is one of the public internet. Every form of IPv6 that stands for an IPv4 address (mapped,
/// NAT64, 6to4, Teredo) is not: what it leads to is decided elsewhere.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    !SPECIAL_V4.iter().any(|(first, length)| bits >> (32 - length) == Ipv4Addr::from(*first).to_bits() >> (32 - length))
}

/// IANA gives ordinary addresses out of 2000::/3 only: all the rest is loopback, local, multicast, NAT64 or nothing.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    let special = SPECIAL_V6.iter().any(|([one, two], length)| {
        let first = Ipv6Addr::new(*one, *two, 0, 0, 0, 0, 0, 0).to_bits();
        bits >> (128 - length) == first >> (128 - length)
    });
    bits >> 125 == 0b001 && !special
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn nothing_private_local_or_special_is_public() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:7f00:1",
            "::ffff:8.8.8.8",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "3fff::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fd00::1",
            "fd12:3456::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ffff:ffff::1",
            "4000::1",
        ] {
            assert!(!is_public(address(text)), "{text}");
        }
    }

    #[test]
    fn ordinary_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "140.82.121.4",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::1",
            "2606:4700::1111",
            "2a00:1450::1",
            "3ffe::1",
        ] {
            assert!(is_public(address(text)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_rust_calls_local_is_never_public(bits: u32) {
            let ip = Ipv4Addr::from_bits(bits);
            let local = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast()
                || ip.is_documentation() || ip.is_unspecified() || ip.is_broadcast();
            prop_assert!(!(local && is_public(IpAddr::V4(ip))), "{ip}");
        }

        #[test]
        fn no_address_that_stands_for_another_is_public(bits: u32, low: u64) {
            let ip = Ipv4Addr::from_bits(bits);
            prop_assert!(!is_public(IpAddr::V6(ip.to_ipv6_mapped())));
            prop_assert!(!is_public(IpAddr::V6(ip.to_ipv6_compatible())));
            let nat64 = 0x0064_ff9b_u128 << 96 | u128::from(bits);
            let six_to_four = 0x2002_u128 << 112 | u128::from(bits) << 80 | u128::from(low);
            prop_assert!(!is_public(IpAddr::V6(Ipv6Addr::from_bits(nat64))));
            prop_assert!(!is_public(IpAddr::V6(Ipv6Addr::from_bits(six_to_four))));
        }

        #[test]
        fn what_rust_calls_local_in_ipv6_is_never_public(bits: u128) {
            let ip = Ipv6Addr::from_bits(bits);
            let local = ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || ip.is_unique_local()
                || ip.is_unicast_link_local();
            prop_assert!(!(local && is_public(IpAddr::V6(ip))), "{ip}");
        }
    }
}
