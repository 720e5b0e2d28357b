//! The configuration as it is in force: each value and where it comes from.
//!
//! Owns: putting that together from what was noted while reading, and hiding what is secret. Does not own:
//! how it is printed (`cli`).

use std::path::Path;

use toml::Value as Toml;
use url::Url;

use crate::config::document::{Data, Value};
use crate::config::fault::Faults;
use crate::config::folder;
use crate::config::note::{Note, Shape};
use crate::config::section::Reader;
use crate::config::source::{Place, Sources};

/// What stands in the place of a secret.
const HIDDEN: &str = "********";

/// One key in one table.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// `server`, `clients`; empty at the top level.
    pub table: &'static str,
    /// Of a table that there may be many of, which one, from 0; `None` for `[server]` and its like.
    pub index: Option<usize>,
    /// The key.
    pub key: &'static str,
    /// What it is; `None` when it is not set and has no default. Secrets are hidden.
    pub value: Option<Toml>,
    /// Who says so.
    pub origin: Origin,
    /// What a file says in vain, as `file:line`, because the environment says otherwise.
    pub instead_of: Option<String>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A line of a file, both as they are counted by people.
    File {
        /// Its path.
        file: String,
        /// From 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// Nobody said otherwise.
    Default,
}

/// Every key of a valid configuration, in the order of reading.
///
/// # Errors
/// Every fault at once, as [`super::load`].
pub fn show(folder: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Vec<Shown>, Faults> {
    let mut reader = Reader::noting(env);
    let root = folder::read(folder, &mut reader);
    let config = super::read(root, folder, &mut reader);
    if config.is_none() || !reader.faults.is_empty() {
        return Err(Faults::new(reader.sources, reader.faults));
    }
    let mut shown: Vec<Shown> = Vec::new();
    let mut last: Option<&Note> = None;
    let mut index = 0;
    for note in reader.notes().iter().filter(|note| is_a_line(note, reader.notes())) {
        index = match last {
            Some(last) if last.table != note.table => 0,
            Some(last) if last.entry != note.entry => index + 1,
            _ => index,
        };
        last = Some(note);
        let is_many = !note.single && !note.table.is_empty();
        shown.push(line(note, is_many.then_some(index), &reader.sources));
    }
    Ok(shown)
}

/// Tables are told by their keys, the tables in a list of an entry are its value, and of the two spellings of
/// a secret only the one that is used is told.
fn is_a_line(note: &Note, all: &[Note]) -> bool {
    let is_table = matches!(note.shape, Shape::Table | Shape::Tables) && note.table.is_empty();
    let file_key = format!("{}_file", note.key);
    let by_file = |other: &Note| other.entry == note.entry && other.key == file_key && other.written.is_some();
    let is_used = match note.shape {
        Shape::SecretFile => note.written.is_some(),
        Shape::Secret => note.written.is_some() || !all.iter().any(by_file),
        _ => true,
    };
    !is_table && is_used && !note.table.contains('.')
}

fn line(note: &Note, index: Option<usize>, sources: &Sources) -> Shown {
    let value = match &note.written {
        Some(value) => Some(masked(note, value)),
        None => note.default.clone(),
    };
    let origin = note.written.as_ref().map_or(Origin::Default, |value| origin(&value.place, sources));
    let instead_of = note.instead_of.as_ref().map(|place| sources.file_and_line(place));
    Shown { table: note.table, index, key: note.key, value, origin, instead_of }
}

fn origin(place: &Place, sources: &Sources) -> Origin {
    match sources.of(place) {
        Some(source) if source.from_environment => {
            Origin::Environment(source.name.trim_start_matches("environment variable ").to_owned())
        }
        source => Origin::File {
            file: source.map(|source| source.name.clone()).unwrap_or_default(),
            line: sources.position(place).0,
        },
    }
}

/// The value; of a secret where it is kept, never what it is.
fn masked(note: &Note, value: &Value) -> Toml {
    match (&note.shape, &value.data) {
        (Shape::Secret, Data::Array(items)) => Toml::Array(items.iter().map(|item| masked(note, item)).collect()),
        (Shape::Secret, Data::String(text)) => Toml::String(masked_url(text).unwrap_or_else(|| HIDDEN.to_owned())),
        _ if note.key == "client_secret_hash" => hashes(value),
        _ => plain(value),
    }
}

/// A URL without the passwords in it; `None` for what is no URL.
fn masked_url(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok().filter(|_| text.contains("://"))?;
    if url.password().is_some() {
        url.set_password(Some(HIDDEN)).ok()?;
    }
    let is_secret = |key: &str| ["password", "secret", "token"].iter().any(|word| key.contains(word));
    if url.query_pairs().any(|(key, _)| is_secret(&key)) {
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let hide =
            |(key, value): (String, String)| if is_secret(&key) { (key, HIDDEN.to_owned()) } else { (key, value) };
        url.query_pairs_mut().clear().extend_pairs(pairs.into_iter().map(hide));
    }
    Some(url.into())
}

/// That there is a hash is shown, and of which kind.
fn hashes(value: &Value) -> Toml {
    match &value.data {
        Data::Array(items) => Toml::Array(items.iter().map(hashes).collect()),
        _ => Toml::String(format!("sha256:{HIDDEN}")),
    }
}

fn plain(value: &Value) -> Toml {
    match &value.data {
        Data::String(text) => Toml::String(text.clone()),
        Data::Integer(integer) => Toml::Integer(*integer),
        Data::Boolean(boolean) => Toml::Boolean(*boolean),
        Data::Array(items) => Toml::Array(items.iter().map(plain).collect()),
        Data::Table(table) => {
            Toml::Table(table.entries.iter().map(|(key, value)| (key.name.clone(), plain(value))).collect())
        }
        // Not reached: no reader takes one, and this configuration has no fault.
        Data::Other(what) => Toml::String((*what).to_owned()),
    }
}
