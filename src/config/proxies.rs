//! `[proxies]`: whose word is taken for the address of a client.
//!
//! Owns: that section. Does not own: reading `X-Forwarded-For` (`web`).

use ipnet::IpNet;

use crate::config::document::Table;
use crate::config::section::Reader;

/// `[proxies]`.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted: Vec<IpNet>,
}

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Proxies {
    let mut section = reader.section("proxies", table);
    let help = "write the addresses of the proxies in front of this server: trusted = [\"10.0.0.0/8\", \"192.0.2.7\"]";
    let trusted = section.ranges("trusted", help).unwrap_or_default();
    section.finish();
    Proxies { trusted }
}
