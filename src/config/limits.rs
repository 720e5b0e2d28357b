//! `[limits]`: how much one request, and all of them, may take.
//!
//! Owns: that section. Does not own: enforcing it (`startup`, `web`).

use std::time::Duration;

use crate::config::document::Table;
use crate::config::section::Reader;

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
}

impl Default for Limits {
    fn default() -> Self {
        Self { body: 65_536, query: 16_384, connections: 10_000, header_timeout: Duration::from_secs(10) }
    }
}

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Limits {
    let default = Limits::default();
    let mut section = reader.section("limits", table);
    let body = section.number("body", 1024..=16_777_216);
    // An HTTP/1 head is at most 128 KiB in the server we stand on.
    let query = section.number("query", 1024..=65_536);
    let connections = section.number("connections", 1..=1_000_000);
    let header_timeout = section.duration("header_timeout", Duration::from_millis(100)..=Duration::from_mins(2));
    section.finish();
    Limits {
        body: body.unwrap_or(default.body),
        query: query.unwrap_or(default.query),
        connections: connections.unwrap_or(default.connections),
        header_timeout: header_timeout.map_or(default.header_timeout, |found| found.value),
    }
}
