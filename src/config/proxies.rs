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
    let mut trusted = Vec::new();
    for item in section.strings("trusted").unwrap_or_default() {
        let text = item.value.as_str();
        let range = text
            .parse::<IpNet>()
            .ok()
            .or_else(|| text.parse().ok().map(|address: std::net::IpAddr| IpNet::from(address)));
        let help =
            "write the addresses of the proxies in front of this server: trusted = [\"10.0.0.0/8\", \"192.0.2.7\"]";
        match range {
            None => section.fault(&item.place, format!("`trusted` cannot be \"{text}\""), help),
            Some(range) if range.prefix_len() == 0 => {
                section.fault(&item.place, "`trusted` would believe every address on earth", help);
            }
            Some(range) => trusted.push(range.trunc()),
        }
    }
    section.default_is("trusted", toml::Value::Array(Vec::new()));
    section.finish();
    Proxies { trusted }
}
