//! `[outbound]`: where this server may connect to beside the public internet.
//!
//! Owns: that section. Does not own: connecting (`upstream`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::config::document::Table;
use crate::config::section::Reader;

/// `[outbound]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outbound {
    /// Private addresses that may be connected to all the same; in `dev` the loopback is always one.
    pub allow: Vec<IpNet>,
}

impl Outbound {
    /// Whether an address is one of those that are listed. An IPv4 address in IPv6 counts as itself.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allow.iter().any(|range| range.contains(&address))
    }
}

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Outbound {
    let dev = reader.dev;
    let mut section = reader.section("outbound", table);
    let help = "write the private addresses that providers have: allow = [\"10.0.0.0/8\", \"192.0.2.7\"]";
    let mut allow = section.ranges("allow", help, Vec::new());
    section.finish();
    if dev {
        // The provider that is tried there runs on the same machine.
        allow.extend(loopback());
    }
    Outbound { allow }
}

/// This machine.
pub(super) fn loopback() -> impl Iterator<Item = IpNet> {
    let ranges = [
        Ipv4Net::new(Ipv4Addr::LOCALHOST, 8).map(|range| IpNet::V4(range.trunc())),
        Ipv6Net::new(Ipv6Addr::LOCALHOST, 128).map(IpNet::V6),
    ];
    ranges.into_iter().flatten()
}
