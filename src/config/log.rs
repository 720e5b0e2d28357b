//! `[log]`: how and how much is logged.
//!
//! Owns: that section. Does not own: logging (`telemetry`).

use tracing_subscriber::EnvFilter;

use crate::config::document::Table;
use crate::config::section::{Found, Reader, Section};

/// `[log]`.
#[derive(Debug, Clone)]
pub struct Log {
    /// `pretty`, `json`, or by whether stderr is a terminal.
    pub format: LogFormat,
    /// A filter such as `info` or `vestibule=debug,info`.
    pub level: String,
    /// Fields whose values are left out of every line.
    pub redact: Vec<String>,
}

/// `[log] format`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// One object a line.
    Json,
}

/// Without these a line says nothing at all.
const NEEDED: [&str; 4] = ["level", "message", "target", "timestamp"];

/// What `level` is where it is not set.
const LEVEL: &str = "info";

/// Reads the section.
pub(super) fn read(reader: &mut Reader<'_>, table: Table) -> Log {
    let mut section = reader.section("log", table);
    let formats = [("auto", LogFormat::Auto), ("pretty", LogFormat::Pretty), ("json", LogFormat::Json)];
    let format = section.choice("format", &formats);
    let level = section.parsed(
        "level",
        |text| {
            // The parser of filters slices at bytes and panics on some text that is not ASCII.
            let plain = text.is_ascii() && !text.trim().is_empty();
            let fits = plain && EnvFilter::try_new(text).is_ok();
            fits.then(|| text.to_owned()).ok_or("is not a level or a filter")
        },
        |_| "write error, warn, info, debug or trace, or a filter such as \"vestibule=debug,info\"".to_owned(),
    );
    section.default_is("level", LEVEL);
    let redact = redact(&mut section);
    section.finish();
    Log { format: format.value, level: level.map_or_else(|| LEVEL.to_owned(), |found| found.value), redact }
}

fn redact(section: &mut Section<'_, '_>) -> Vec<String> {
    let mut names = Vec::new();
    for Found { value, place } in section.strings("redact").unwrap_or_default() {
        let fits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_lowercase() || b"_.".contains(&byte));
        if fits && !NEEDED.contains(&value.as_str()) {
            names.push(value);
            continue;
        }
        let help = "write the names of fields as they stand in the log: redact = [\"address\", \"user_id\"]";
        section.fault(&place, format!("`redact` cannot hold \"{value}\""), help);
    }
    section.default_is("redact", toml::Value::Array(Vec::new()));
    names
}
