//! Which address a request comes from, behind proxies or not.
//!
//! Owns: reading `X-Forwarded-For`, believed only from a trusted peer. Does not own: which peers are
//! trusted (`config`), what is done with the address.

use std::net::{IpAddr, SocketAddr};

use actix_web::{HttpMessage as _, HttpRequest};
use ipnet::IpNet;

/// Where a request comes from, as far as it can be believed. In the extensions of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress {
    /// The address of the client; `None` when the connection has none.
    pub address: Option<IpAddr>,
    /// Whether the connection itself comes from a trusted proxy, whose other headers count too.
    pub by_trusted_proxy: bool,
}

impl ClientAddress {
    /// The address of a request.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Option<IpAddr> {
        request.extensions().get::<Self>().and_then(|client| client.address)
    }
}

/// Decides it from the peer of the connection and the values of `X-Forwarded-For` in their order.
///
/// Each proxy adds the peer it saw on the right, so the list is read from there: what trusted proxies
/// wrote is believed, and the first address that is none of them is the client. What stands left of it
/// was written by the client and counts for nothing.
#[must_use]
pub fn client_address(peer: Option<IpAddr>, forwarded_for: &[&str], trusted: &[IpNet]) -> ClientAddress {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let Some(peer) = peer.map(|peer| peer.to_canonical()) else {
        return ClientAddress { address: None, by_trusted_proxy: false };
    };
    if !is_trusted(peer) {
        return ClientAddress { address: Some(peer), by_trusted_proxy: false };
    }
    let mut client = peer;
    for hop in forwarded_for.iter().rev().flat_map(|value| value.rsplit(',')) {
        // A proxy that writes something else than an address is as far as it can be followed.
        let Some(address) = parse_hop(hop) else { break };
        client = address;
        if !is_trusted(address) {
            break;
        }
    }
    ClientAddress { address: Some(client), by_trusted_proxy: true }
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(peer: &str, forwarded_for: &[&str], trusted: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        client_address(Some(peer.parse().unwrap()), forwarded_for, &trusted).address.unwrap().to_string()
    }

    #[test]
    fn a_header_from_an_untrusted_peer_is_ignored() {
        for header in ["1.2.3.4", "10.0.0.1", "127.0.0.1, 1.2.3.4"] {
            assert_eq!(decide("203.0.113.9", &[header], &["10.0.0.0/8"]), "203.0.113.9");
        }
        assert_eq!(decide("203.0.113.9", &["1.2.3.4"], &[]), "203.0.113.9");
    }

    #[test]
    fn behind_trusted_proxies_the_rightmost_untrusted_hop_is_the_client() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        for (headers, expected) in [
            (vec![], "10.0.0.1"),
            (vec!["198.51.100.7"], "198.51.100.7"),
            (vec!["6.6.6.6, 198.51.100.7"], "198.51.100.7"),
            (vec!["6.6.6.6, 198.51.100.7, 10.1.1.1"], "198.51.100.7"),
            (vec!["6.6.6.6", "198.51.100.7", "10.1.1.1"], "198.51.100.7"),
            (vec!["10.2.2.2, 10.1.1.1"], "10.2.2.2"),
            (vec!["198.51.100.7:4711"], "198.51.100.7"),
            (vec!["[2001:db8::1]:4711"], "2001:db8::1"),
            (vec!["[2001:db8::1]"], "2001:db8::1"),
            (vec!["2001:db8::1"], "2001:db8::1"),
            (vec!["::ffff:198.51.100.7"], "198.51.100.7"),
            (vec!["6.6.6.6, fd00::1"], "6.6.6.6"),
        ] {
            assert_eq!(decide("10.0.0.1", &headers, &trusted), expected, "{headers:?}");
        }
    }

    #[test]
    fn a_hop_that_is_no_address_ends_the_trail() {
        for (header, expected) in
            [("6.6.6.6, unknown", "10.0.0.1"), ("6.6.6.6, ", "10.0.0.1"), ("6.6.6.6, _hidden, 10.1.1.1", "10.1.1.1")]
        {
            assert_eq!(decide("10.0.0.1", &[header], &["10.0.0.0/8"]), expected, "{header}");
        }
    }

    #[test]
    fn a_mapped_ipv4_peer_is_held_against_ipv4_networks() {
        assert_eq!(decide("::ffff:10.0.0.1", &["198.51.100.7"], &["10.0.0.0/8"]), "198.51.100.7");
        let nobody = client_address(None, &["198.51.100.7"], &["0.0.0.0/0".parse().unwrap()]);
        assert_eq!(nobody, ClientAddress { address: None, by_trusted_proxy: false });
    }
}
