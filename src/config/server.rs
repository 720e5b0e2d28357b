//! `[server]`: who this server says it is, and where it listens.
//!
//! Owns: that section. Does not own: binding (`startup`).

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::config::document::Table;
use crate::config::section::{Found, Reader, Section};
use crate::protocol::issuer::{Issuer, IssuerError};

/// `[server]`.
#[derive(Debug, Clone)]
pub struct Server {
    /// `issuer`.
    pub issuer: Issuer,
    /// `listen`: one or several addresses; `127.0.0.1:9400` by default.
    pub listen: Vec<SocketAddr>,
    /// `admin_listen`: off by default.
    pub admin_listen: Option<SocketAddr>,
    /// `drain`: how long everything is still answered after `/readyz` has begun to say no; 5 s by default.
    pub drain: Duration,
    /// `shutdown_timeout`: how long requests in flight may finish after that; 10 s by default.
    pub shutdown_timeout: Duration,
}

/// What `drain` is where it is not set: a proxy that asks every other second has noticed by then.
const DRAIN: Duration = Duration::from_secs(5);

/// What `shutdown_timeout` is where it is not set.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

const PORT: u16 = 9400;

/// Reads the section; `None` when there is no issuer, which is a fault.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Option<Server> {
    let mut section = reader.section("server", table);
    if !section.is_set("issuer") {
        let help = "write the URL at which browsers and backends reach this server: [server] issuer = \"https://id.example.com\"";
        section.missing("issuer", help);
    }
    let issuer = section.parsed("issuer", Issuer::parse, mend_issuer);
    let mut listen: Vec<SocketAddr> = addresses(&mut section, "listen").into_iter().map(|found| found.value).collect();
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    section.default_is("listen", default.to_string());
    if listen.is_empty() {
        listen.push(default);
    }
    let admin = addresses(&mut section, "admin_listen");
    if let Some(second) = admin.get(1) {
        section.fault(&second.place, "`admin_listen` takes one address", "keep one of them");
    }
    let admin = admin.into_iter().next();
    if let Some(admin) = admin.as_ref().filter(|admin| admin.value.port() != 0 && listen.contains(&admin.value)) {
        let help = "give the admin listener a port of its own, for example admin_listen = \"127.0.0.1:9401\"";
        section.fault(&admin.place, "`admin_listen` is also in `listen`", help);
    }
    let drain = section.duration_or("drain", Duration::ZERO..=Duration::from_mins(5), DRAIN);
    let bounds = Duration::from_secs(1)..=Duration::from_mins(10);
    let shutdown_timeout = section.duration_or("shutdown_timeout", bounds, SHUTDOWN_TIMEOUT);
    section.finish();
    Some(Server {
        issuer: issuer?.value,
        listen,
        admin_listen: admin.map(|admin| admin.value),
        drain: drain.value,
        shutdown_timeout: shutdown_timeout.value,
    })
}

fn addresses(section: &mut Section<'_, '_>, key: &'static str) -> Vec<Found<SocketAddr>> {
    let mut addresses: Vec<Found<SocketAddr>> = Vec::new();
    for Found { value, place } in section.strings(key).unwrap_or_default() {
        match value.parse() {
            Ok(address) if addresses.iter().any(|known| known.value == address) => {
                section.fault(&place, format!("`{key}` names {address} twice"), "keep one of the two");
            }
            Ok(value) => addresses.push(Found { value, place }),
            Err(_) => {
                let help = "write an IP address and a port: \"127.0.0.1:9400\", \"[::1]:9400\", or \"0.0.0.0:9400\" for every interface";
                section.fault(&place, format!("`{key}` cannot be \"{value}\""), help);
            }
        }
    }
    addresses
}

/// The nearest text that is an issuer, or an example of one.
fn mend_issuer(text: &str) -> String {
    let normal = url::Url::parse(text.trim()).ok().map(|url| url.as_str().trim_end_matches('/').to_owned());
    let secure = normal.as_ref().map(|normal| normal.replacen("http://", "https://", 1));
    match [normal, secure].into_iter().flatten().find(|mended| Issuer::parse(mended).is_ok()) {
        Some(mended) => format!("write issuer = \"{mended}\""),
        None => format!("it {}", IssuerError::Shape),
    }
}
