//! Where a command writes: data on stdout, everything else on stderr.
//!
//! Owns: the two streams, colour, tables. Does not own: what is written; log lines (`telemetry`).

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;

use crate::cli::env;
use crate::cli::exit::Stop;

/// A JSON object with the members of another.
#[must_use]
pub fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

/// Writes a line of data to stdout and flushes. A reader that went away (`| head`) is no failure.
///
/// # Errors
/// When stdout cannot be written for another reason, such as a full disk.
pub fn data(text: &str) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Stop::failure(format!("stdout could not be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a message for a person to stderr. Nothing stops because nobody can read it.
pub fn message(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes a question to stderr, without a line end.
pub fn ask(text: &str) {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{text}").and_then(|()| err.flush());
}

/// Whether stdout is a terminal: then a person reads it.
#[must_use]
pub fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether stdout may have colours.
#[must_use]
pub fn stdout_has_color() -> bool {
    wants_color() && io::stdout().is_terminal()
}

/// Whether stderr may have colours.
#[must_use]
pub fn stderr_has_color() -> bool {
    wants_color() && io::stderr().is_terminal()
}

/// <https://no-color.org>: present and not empty, whatever its value.
fn wants_color() -> bool {
    env("NO_COLOR").is_none_or(|value| value.is_empty()) && env("TERM").as_deref() != Some("dumb")
}

/// Columns of text, aligned, two spaces between; the last column is not padded.
#[must_use]
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{}{}", cell, pad(cell, *width))).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn pad(cell: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(cell.chars().count()))
}

/// Text from elsewhere, made safe to show on a terminal: control characters become `?`.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_aligns_its_columns_and_does_not_pad_the_last() {
        let rows = vec![vec!["a".into(), "long".into(), "x".into()], vec!["name".into(), "b".into(), String::new()]];
        assert_eq!(table(&rows), "a     long  x\nname  b");
        assert_eq!(table(&[]), "");
    }

    #[test]
    fn escape_sequences_from_elsewhere_do_not_reach_the_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\nc"), "a?[31mb\nc");
    }
}
