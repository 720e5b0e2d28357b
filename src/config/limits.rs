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
    let body = section.number_or("body", 1024..=16_777_216, default.body);
    // An HTTP/1 head is at most 128 KiB in the server we stand on.
    let query = section.number_or("query", 1024..=65_536, default.query);
    let connections = section.number_or("connections", 1..=1_000_000, default.connections);
    let bounds = Duration::from_millis(100)..=Duration::from_mins(2);
    let header_timeout = section.duration_or("header_timeout", bounds, default.header_timeout).value;
    section.finish();
    Limits { body, query, connections, header_timeout }
}
