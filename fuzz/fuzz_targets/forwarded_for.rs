//! X-Forwarded-For: nobody chooses their own address. It is the peer's unless a trusted proxy speaks, and
//! what stands left of the first address that is no proxy's changes nothing.
//!
//! Lines: the peer, the trusted networks, the values of the header.
#![no_main]

use std::net::IpAddr;

use ipnet::IpNet;
use libfuzzer_sys::fuzz_target;
use vestibule::web::address::client_address;
use vestibule_fuzz::lines;

fuzz_target!(|data: &[u8]| {
    let Some(mut lines) = lines(data) else { return };
    let peer: Option<IpAddr> = lines.next().and_then(|line| line.parse().ok());
    let trusted: Vec<IpNet> = lines.next().unwrap_or_default().split(' ').filter_map(|net| net.parse().ok()).collect();
    let headers: Vec<&str> = lines.collect();
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));

    let found = client_address(peer, &headers, &trusted);
    let Some(peer) = peer.map(|peer| peer.to_canonical()) else {
        assert!(found.address.is_none() && !found.by_trusted_proxy);
        return;
    };
    let address = found.address.unwrap();
    assert_eq!(address, address.to_canonical());
    assert_eq!(found.by_trusted_proxy, is_trusted(peer));
    if !found.by_trusted_proxy {
        assert_eq!(address, peer);
    }
    if found.by_trusted_proxy && !is_trusted(address) {
        let mut forged = vec!["6.6.6.6, 10.0.0.1, ::1, junk"];
        forged.extend(&headers);
        assert_eq!(client_address(Some(peer), &forged, &trusted), found);
        let joined = forged.join(", ");
        assert_eq!(client_address(Some(peer), &[&joined], &trusted), found);
    }
});
