//! Secrets: by environment variable, by file, or in the open.
//!
//! Owns: `KEY = { env = "NAME" }`, `KEY_file = "PATH"` and their faults. Does not own: what a secret must
//! look like, or whether it may stand in the open.

use std::fs;

use secrecy::SecretString;

use crate::config::document::{Data, Table, Value};
use crate::config::fault::Fault;
use crate::config::note::Shape;
use crate::config::section::{Reader, Section};
use crate::config::source::Place;

/// A secret and where it was named.
#[derive(Debug, Clone)]
pub(super) struct Secret {
    pub(super) text: SecretString,
    pub(super) place: Place,
    /// Whether it stands in a config file for all to read.
    pub(super) in_the_open: bool,
}

/// The secrets of one key.
#[derive(Debug, Clone, Default)]
pub(super) struct Secrets {
    /// Those that could be read.
    pub(super) found: Vec<Secret>,
    /// Where the key stands, if it is set at all: also when nothing could be read.
    pub(super) place: Option<Place>,
}

impl Section<'_, '_> {
    /// Takes a secret, or a list of them, set by `key` (`{ env = "NAME" }`, `{ file = "PATH" }` or text) or
    /// by `file_key` (a path). Both at once is a fault, but for the environment, which comes before files.
    pub(super) fn secrets(&mut self, key: &'static str, file_key: &'static str) -> Secrets {
        let mut direct = self.take(key, Shape::Secret);
        let mut by_file = self.take(file_key, Shape::SecretFile);
        let overrides = |value: &Option<Value>, reader: &Reader<'_>| {
            value.as_ref().is_some_and(|value| reader.is_variable(&value.place))
        };
        match (overrides(&direct, self.reader), overrides(&by_file, self.reader)) {
            (true, false) => {
                by_file = None;
                self.gives_way(file_key, key);
            }
            (false, true) => {
                direct = None;
                self.gives_way(key, file_key);
            }
            _ => {}
        }
        if let (Some(one), Some(other)) = (&direct, &by_file) {
            let help = format!("keep either `{key}` or `{file_key}`");
            let fault = Fault::at(&other.place, format!("`{key}` is set twice"), help);
            self.reader.faults.push(fault.and(&one.place, "also set here"));
        }
        let place = direct.as_ref().or(by_file.as_ref()).map(|value| value.place.clone());
        let mut found = Vec::new();
        for value in direct.into_iter().flat_map(items) {
            found.extend(self.one(key, value));
        }
        for value in by_file.into_iter().flat_map(items) {
            match &value.data {
                Data::String(path) => found.extend(read_file(self.reader, path, &value.place)),
                _ => self.wrong(file_key, &value, "the path of a file", &format!("write {file_key} = \"PATH\"")),
            }
        }
        Secrets { found, place }
    }

    fn one(&mut self, key: &'static str, value: Value) -> Option<Secret> {
        match value.data {
            Data::String(text) => {
                let place = value.place;
                self.reader.sources.hide(&place);
                let in_the_open = !self.reader.is_variable(&place);
                let text = if in_the_open { text } else { text.trim_end_matches(['\r', '\n']).to_owned() };
                Some(Secret { text: SecretString::from(text), place, in_the_open })
            }
            Data::Table(table) => self.reference(key, &table, &value.place),
            _ => {
                let help = format!("write {key} = {{ env = \"NAME\" }}, or {key}_file = \"PATH\"");
                self.wrong(key, &value, "the name of an environment variable or a file", &help);
                None
            }
        }
    }

    /// `{ env = "NAME" }` or `{ file = "PATH" }`.
    fn reference(&mut self, key: &'static str, table: &Table, place: &Place) -> Option<Secret> {
        let help = format!("write {key} = {{ env = \"NAME\" }} with one name, or {key}_file = \"PATH\"");
        if let [(name, Value { data: Data::String(text), place })] = table.entries.as_slice() {
            match name.name.as_str() {
                "env" => return read_variable(self.reader, text, place),
                "file" => return read_file(self.reader, text, place),
                _ => {}
            }
        }
        self.fault(place, format!("`{key}` does not say where the secret is"), help);
        None
    }
}

fn items(value: Value) -> Vec<Value> {
    match value.data {
        Data::Array(items) => items,
        _ => vec![value],
    }
}

fn read_variable(reader: &mut Reader<'_>, name: &str, place: &Place) -> Option<Secret> {
    let text = (reader.env)(name).map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        return Some(Secret { text: SecretString::from(text), place: place.clone(), in_the_open: false });
    }
    let message = format!("the environment variable {name} is not set, or empty");
    let help = format!("set {name} where this process is started (systemd: EnvironmentFile=, containers: env)");
    reader.faults.push(Fault::at(place, message, help));
    None
}

/// Reads a file relative to the one that names it; one trailing line end is not part of the secret.
fn read_file(reader: &mut Reader<'_>, path: &str, place: &Place) -> Option<Secret> {
    let folder = reader.sources.of(place).map(|source| source.folder.clone()).unwrap_or_default();
    let path = folder.join(path);
    let shown = path.display();
    let (message, help) = match fs::read(&path).map(String::from_utf8) {
        Ok(Ok(text)) => {
            let text = text.trim_end_matches(['\r', '\n']);
            if !text.is_empty() {
                return Some(Secret { text: SecretString::from(text), place: place.clone(), in_the_open: false });
            }
            (format!("the file {shown} is empty"), "write the secret into it, and nothing else".to_owned())
        }
        Ok(Err(_)) => {
            (format!("the file {shown} is not text"), "write the secret as text, not as raw bytes".to_owned())
        }
        Err(error) => (
            format!("the file {shown} cannot be read: {error}"),
            "the path is relative to the file that names it; check it, and that the user of this process may read it"
                .to_owned(),
        ),
    };
    reader.faults.push(Fault::at(place, message, help));
    None
}
