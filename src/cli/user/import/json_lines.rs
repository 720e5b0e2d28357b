//! JSON Lines: one object a line.
//!
//! Owns: lines and their members. Does not own: JSON (crate `serde_json`).

use std::io::{self, BufRead, Read as _};

use serde_json::{Map, Value};

use crate::cli::user::import::rows::{COLUMNS, Fields, LONGEST, Row};

/// The rows of a file of JSON lines.
pub(super) struct JsonLines<R> {
    input: R,
    line: u64,
    bytes: Vec<u8>,
}

impl<R: BufRead> JsonLines<R> {
    /// Begins.
    pub(super) const fn new(input: R) -> Self {
        Self { input, line: 0, bytes: Vec::new() }
    }

    /// The next row.
    pub(super) fn next(&mut self) -> io::Result<Option<Row>> {
        loop {
            self.bytes.clear();
            let most = u64::try_from(LONGEST).unwrap_or(u64::MAX);
            if self.input.by_ref().take(most).read_until(b'\n', &mut self.bytes)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            let too_long = self.bytes.len() == LONGEST && !self.bytes.ends_with(b"\n");
            if too_long {
                self.input.skip_until(b'\n')?;
            }
            if too_long || !self.bytes.trim_ascii().is_empty() {
                let fields = if too_long { Err("it is too long".to_owned()) } else { fields(&self.bytes) };
                return Ok(Some(Row { line: self.line, fields }));
            }
        }
    }
}

/// Reads one object. The reasons are our own: those of `serde_json` repeat values, and a hash may be one.
fn fields(line: &[u8]) -> Result<Fields, String> {
    let object: Map<String, Value> = serde_json::from_slice(line).map_err(|error| {
        let category = if error.is_data() { "no object" } else { "no valid JSON" };
        format!("it is {category}")
    })?;
    let mut fields = Fields::default();
    for (name, value) in object {
        match (name.as_str(), value) {
            (name, Value::Null) if COLUMNS.contains(&name) => {}
            ("email_verified", Value::Bool(is)) => fields.email_verified = is,
            ("phone_number_verified", Value::Bool(is)) => fields.phone_number_verified = is,
            ("roles", Value::Array(list)) => {
                let names: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
                fields.roles = names.ok_or("roles: write a list of texts, or one text")?.join(" ");
            }
            (name, Value::String(text)) if COLUMNS.contains(&name) => fields.set(name, text)?,
            (name, _) if COLUMNS.contains(&name) => return Err(format!("{name} has a value of another type")),
            (name, _) => {
                let name: String = name.chars().take(40).collect();
                return Err(format!("unknown member \"{}\"; members are {}", name.escape_debug(), COLUMNS.join(", ")));
            }
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn rows(text: &str) -> Vec<Row> {
        let mut lines = JsonLines::new(text.as_bytes());
        std::iter::from_fn(|| lines.next().unwrap()).collect()
    }

    #[test]
    fn a_line_is_an_object_with_known_members() {
        let row = r#"{"username":"ada","email":null,"email_verified":true,"roles":["a","b"],"password_hash":"$2b$"}"#;
        let rows = rows(&format!("\n{row}\r\n\n{row}"));
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 4]);
        for row in rows {
            let fields = row.fields.unwrap();
            assert_eq!((fields.username.as_str(), fields.email.as_str(), fields.roles.as_str()), ("ada", "", "a b"));
            assert!(fields.email_verified);
            assert_eq!(fields.password_hash.expose_secret(), "$2b$");
        }
    }

    #[test]
    fn a_reason_names_the_member_and_holds_no_value() {
        for (line, word) in [
            (r#"{"username":"ada","email_verified":"$2b$secret"}"#, "email_verified"),
            (r#"{"username":"ada","name":["$2b$secret"]}"#, "name"),
            (r#"{"username":"ada","password":"$2b$secret"}"#, "\"password\""),
            (r#"["$2b$secret"]"#, "no object"),
            (r#"{"username":"$2b$secret"#, "no valid JSON"),
            (&"x".repeat(LONGEST * 3), "too long"),
        ] {
            let mut rows = rows(&format!("{line}\n{{\"username\":\"bob\"}}\n"));
            assert_eq!(rows.pop().unwrap().fields.unwrap().username, "bob");
            let why = rows.pop().unwrap().fields.unwrap_err();
            assert!(why.contains(word) && !why.contains("secret"), "{why}");
            assert!(rows.is_empty());
        }
    }
}
