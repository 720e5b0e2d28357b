//! TOML as a tree in which every key and value knows its place.
//!
//! Owns: the tree, syntax faults, and joining the tables of several files. Does not own: what the keys
//! mean (`section` and the files of each section).

use toml::de::{DeTable, DeValue};

use crate::config::fault::{Fault, Kind};
use crate::config::section::Reader;
use crate::config::source::{Place, Sources};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) place: Place,
    pub(super) data: Data,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(super) enum Data {
    String(String),
    Integer(i64),
    Boolean(bool),
    Array(Vec<Value>),
    Table(Table),
    /// A float, a date, or an integer beyond 64 bits: nothing here takes one.
    Other(&'static str),
}

impl Data {
    /// With its article, for messages.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Boolean(_) => "a boolean",
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(name) => name,
        }
    }
}

/// A key and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) place: Place,
}

/// A table: its header's place, unless it stands nowhere, and its entries.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) place: Option<Place>,
    pub(super) entries: Vec<(Key, Value)>,
}

impl Table {
    /// Removes an entry.
    pub(super) fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.entries.iter().position(|(key, _)| key.name == name)?;
        Some(self.entries.remove(at).1)
    }

    /// Joins the top level of another file: tables of one name become one, lists of tables follow each
    /// other, and a key that stands in both is a fault.
    pub(super) fn absorb(&mut self, other: Self, reader: &mut Reader<'_>) {
        for (key, value) in other.entries {
            let Some((first, existing)) = self.entries.iter_mut().find(|(first, _)| first.name == key.name) else {
                self.entries.push((key, value));
                continue;
            };
            match (&mut existing.data, value.data) {
                (Data::Array(all), Data::Array(more)) => all.extend(more),
                (Data::Table(table), Data::Table(more)) => table.absorb_keys(more, reader),
                _ => reader.faults.push(twice(&key, first)),
            }
        }
    }

    fn absorb_keys(&mut self, other: Self, reader: &mut Reader<'_>) {
        for (key, value) in other.entries {
            match self.entries.iter().find(|(first, _)| first.name == key.name) {
                None => self.entries.push((key, value)),
                Some((first, _)) => reader.faults.push(twice(&key, first)),
            }
        }
    }
}

fn twice(key: &Key, first: &Key) -> Fault {
    Fault::at(&key.place, format!("`{}` is set twice", key.name), "keep one of the two lines")
        .and(&first.place, "first set here")
}

/// Reads one text. Every syntax fault is collected; what could be understood beside them is returned.
pub(super) fn parse(source: usize, reader: &mut Reader<'_>) -> Table {
    let whole = reader.sources.place(source, 0..0);
    let Some(text) = reader.sources.of(&whole).map(|source| source.text.clone()) else { return Table::default() };
    let (document, errors) = DeTable::parse_recoverable(&text);
    let mut lines = Vec::new();
    for error in errors {
        let place = reader.sources.place(source, error.span().unwrap_or_default());
        // One slip makes several errors; the first of a line is the one that names it.
        let line = reader.sources.position(&place).0;
        if !lines.contains(&line) {
            lines.push(line);
            let (message, help) = explain(error.message());
            reader.faults.push(Fault::at(&place, message, help).kind(Kind::Unreadable));
        }
    }
    table(document.get_ref(), None, source, &reader.sources)
}

/// The parser's message, and what to do about it.
fn explain(message: &str) -> (String, &'static str) {
    if message.starts_with("duplicate key") {
        return (
            "the key or table is defined twice in this file".to_owned(),
            "remove or rename one of the two; [[clients]], [[apis]], [[roles]] and [[providers]] may repeat",
        );
    }
    let help = if message.contains("string values must be quoted")
        || message.contains("missing value")
        || message.contains("invalid value")
    {
        "write text in quotes, for example key = \"text\"; numbers, true and false go without"
    } else if message.contains("unclosed") || message.contains("invalid basic string") || message.contains("quote") {
        "close what was opened: every \" ' [ and { needs its counterpart"
    } else {
        "write key = value, one a line, under a [table] header; text goes in quotes"
    };
    (format!("not valid TOML: {message}"), help)
}

fn table(table: &DeTable<'_>, place: Option<Place>, source: usize, sources: &Sources) -> Table {
    let mut entries: Vec<(Key, Value)> = table
        .iter()
        .map(|(key, value)| {
            let key_place = sources.place(source, key.span());
            let value = self::value(value.get_ref(), sources.place(source, value.span()), source, sources);
            (Key { name: key.get_ref().to_string(), place: key_place }, value)
        })
        .collect();
    entries.sort_by(|(one, _), (other, _)| one.place.cmp(&other.place));
    Table { place, entries }
}

fn value(value: &DeValue<'_>, place: Place, source: usize, sources: &Sources) -> Value {
    let data = match value {
        DeValue::String(text) => Data::String(text.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or(Data::Other("an integer beyond 64 bits"), Data::Integer),
        DeValue::Float(_) => Data::Other("a number with a fraction"),
        DeValue::Boolean(boolean) => Data::Boolean(*boolean),
        DeValue::Datetime(_) => Data::Other("a date"),
        DeValue::Array(values) => Data::Array(
            values
                .iter()
                .map(|item| self::value(item.get_ref(), sources.place(source, item.span()), source, sources))
                .collect(),
        ),
        DeValue::Table(inner) => Data::Table(table(inner, Some(place.clone()), source, sources)),
    };
    Value { place, data }
}
