//! `[limits]`: how much one request, and all of them, may take, and how often somebody may fail.
//!
//! Owns: that section. Does not own: enforcing it (`startup`, `web`, `throttle`).

use std::time::Duration;

use ipnet::IpNet;

use crate::config::document::Table;
use crate::config::outbound;
use crate::config::section::{Reader, Section};
use crate::model::throttle::Limit;

/// `[limits]`.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a request body; 65536 by default.
    pub body: usize,
    /// Bytes of a query string; 16384 by default.
    pub query: usize,
    /// Connections of all workers together; 10000 by default.
    pub connections: usize,
    /// How long a client may take to send its headers; 10 s by default.
    pub header_timeout: Duration,
    /// How often somebody may fail.
    pub failures: Failures,
}

/// How often somebody may fail before the next try has to wait.
#[derive(Debug, Clone)]
pub struct Failures {
    /// `sign_in_failures`: sign-ins of one account from one address or one known browser; 10 by default.
    pub sign_in: Limit,
    /// `account_failures`: sign-ins of one account, wherever from; 100 by default.
    pub account: Limit,
    /// `address_failures`: sign-ins from one address, whatever the account; 100 by default.
    pub address: Limit,
    /// `client_failures`: authentications of one client from one address; 30 by default.
    pub client: Limit,
    /// `exempt_addresses`: where many people, or all, come from: nothing is counted by these addresses.
    pub exempt: Vec<IpNet>,
}

impl Default for Failures {
    fn default() -> Self {
        let limit = |failures| Limit { failures, window: Duration::from_hours(1) };
        Self { sign_in: limit(10), account: limit(100), address: limit(100), client: limit(30), exempt: Vec::new() }
    }
}

impl Failures {
    /// On a development server everybody comes from the same machine.
    fn of_dev() -> Self {
        Self { exempt: outbound::loopback().collect(), ..Self::default() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 65_536,
            query: 16_384,
            connections: 10_000,
            header_timeout: Duration::from_secs(10),
            failures: Failures::default(),
        }
    }
}

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Limits {
    let default = Limits::default();
    let failures = if reader.dev { Failures::of_dev() } else { Failures::default() };
    let mut section = reader.section("limits", table);
    let body = section.number_or("body", 1024..=16_777_216, default.body);
    // An HTTP/1 head is at most 128 KiB in the server we stand on.
    let query = section.number_or("query", 1024..=65_536, default.query);
    let connections = section.number_or("connections", 1..=1_000_000, default.connections);
    let bounds = Duration::from_millis(100)..=Duration::from_mins(2);
    let header_timeout = section.duration_or("header_timeout", bounds, default.header_timeout).value;
    let failures = read_failures(&mut section, failures);
    section.finish();
    Limits { body, query, connections, header_timeout, failures }
}

fn read_failures(section: &mut Section<'_, '_>, default: Failures) -> Failures {
    // Each failure takes its share of the window to be worked off: with these bounds a millisecond at least.
    let bounds = Duration::from_secs(1)..=Duration::from_hours(7 * 24);
    let window = section.duration_or("failure_window", bounds, default.sign_in.window).value;
    let mut limit = |key, default: Limit| {
        let failures = section.number_or(key, 1..=1000, default.failures);
        Limit { failures, window }
    };
    let sign_in = limit("sign_in_failures", default.sign_in);
    let account = limit("account_failures", default.account);
    let address = limit("address_failures", default.address);
    let client = limit("client_failures", default.client);
    let help = "write the addresses that many people share: exempt_addresses = [\"192.0.2.0/24\", \"2001:db8::/48\"]";
    let exempt = section.ranges("exempt_addresses", help, default.exempt);
    if sign_in.failures > account.failures {
        let help = format!("write account_failures = {} or more", sign_in.failures);
        section.fault_here("`sign_in_failures` is more than `account_failures`, so that it would never count", help);
    }
    Failures { sign_in, account, address, client, exempt }
}
