//! The JSON Schema (2020-12) of a configuration file.
//!
//! Owns: making it from what the readers look for (`note`), with the sentences of docs/configuration.md.
//! Does not own: what a key takes, which is said where it is read.
//!
//! A file may hold any part of the configuration, so no table and no key of a single table is required;
//! what keys must be to each other is for `vestibule check`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::config::document::Table;
use crate::config::note::{Note, Shape};
use crate::config::section::Reader;

/// The reference, whose tables describe every key.
const REFERENCE: &str = include_str!("../../docs/configuration.md");

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Texts of lengths of time, as `duration` reads them.
const DURATION: &str = "^\\s*([0-9]+(d|h|ms|m|s))+\\s*$";

/// The schema of one file.
#[must_use]
pub fn schema() -> Value {
    let mut reader = Reader::probing(&|_| None);
    // What is missing are faults, which nobody wants to hear here.
    let _ = super::read(Table::default(), Path::new("."), &mut reader);
    let said = descriptions(REFERENCE);
    let mut root = object(&reader, "", &said);
    root.insert("$schema".to_owned(), json!(DIALECT));
    root.insert("title".to_owned(), json!("Configuration of Vestibule"));
    Value::Object(root)
}

/// A table and what it may hold.
fn object(reader: &Reader<'_>, table: &str, said: &BTreeMap<String, String>) -> Map<String, Value> {
    let notes = reader.notes().iter().filter(|note| note.table == table);
    let properties: Map<String, Value> =
        notes.map(|note| (note.key.to_owned(), property(reader, note, said))).collect();
    let required: Vec<&String> = properties.keys().filter(|key| reader.is_required(table, key)).collect();
    let mut object = Map::new();
    object.insert("type".to_owned(), json!("object"));
    object.insert("additionalProperties".to_owned(), json!(false));
    if !required.is_empty() {
        object.insert("required".to_owned(), json!(required));
    }
    object.insert("properties".to_owned(), Value::Object(properties));
    object
}

fn property(reader: &Reader<'_>, note: &Note, said: &BTreeMap<String, String>) -> Value {
    let name = [note.table, note.key].join(".").trim_start_matches('.').to_owned();
    let mut property = match &note.shape {
        Shape::Table => object(reader, &name, said),
        Shape::Tables => fields(json!({ "type": "array", "items": object(reader, &name, said) })),
        shape => fields(of(shape)),
    };
    if let Some(description) = said.get(&name) {
        property.insert("description".to_owned(), json!(description));
    }
    if let Some(default) = note.default.as_ref().filter(|_| !note.default_varies) {
        property.insert("default".to_owned(), json!(default));
    }
    Value::Object(property)
}

fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// What a value of that shape is.
fn of(shape: &Shape) -> Value {
    let text = || json!({ "type": "string" });
    let or_list = |one: Value| json!({ "anyOf": [one, { "type": "array", "items": one }] });
    match shape {
        Shape::Text => text(),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Integer(bounds) if bounds.start() == bounds.end() => json!({ "const": bounds.start() }),
        Shape::Integer(bounds) => json!({ "type": "integer", "minimum": bounds.start(), "maximum": bounds.end() }),
        Shape::Duration(bounds) => {
            let seconds = json!({
                "type": "integer",
                "minimum": bounds.start().as_millis().div_ceil(1000),
                "maximum": bounds.end().as_secs(),
            });
            json!({ "anyOf": [seconds, { "type": "string", "pattern": DURATION }] })
        }
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Words(words) => or_list(json!({ "enum": words })),
        Shape::Texts | Shape::Scopes | Shape::SecretFile => or_list(text()),
        Shape::Secret => {
            let by = |name: &str| {
                let properties = json!({ name: { "type": "string" } });
                json!({ "type": "object", "properties": properties, "required": [name], "additionalProperties": false })
            };
            or_list(json!({ "anyOf": [{ "type": "string" }, by("env"), by("file")] }))
        }
        Shape::TextsByName { lists } => {
            let value = if *lists { or_list(text()) } else { text() };
            json!({ "type": "object", "additionalProperties": value })
        }
        // Not reached: tables have the schema of what is in them.
        Shape::Table | Shape::Tables => json!({}),
    }
}

/// What the reference says of each key, by its full name: the last column of the row that names it, and of
/// each table the sentence below its title.
fn descriptions(reference: &str) -> BTreeMap<String, String> {
    let mut said = BTreeMap::new();
    for (title, text) in reference.split("\n## ").skip(1).filter_map(|section| section.split_once('\n')) {
        let table = title.trim_matches(['`', '[', ']']);
        let prefix = if title == "Top level" { String::new() } else { format!("{table}.") };
        let first = text.trim_start().lines().next().unwrap_or_default();
        if !prefix.is_empty() && !first.starts_with('|') {
            said.insert(table.to_owned(), first.to_owned());
        }
        for row in text.lines().filter(|line| line.starts_with("| `")) {
            let mut cells = row.trim_matches('|').splitn(3, '|').map(str::trim);
            let (Some(keys), Some(_), Some(meaning)) = (cells.next(), cells.next(), cells.next()) else { continue };
            for key in keys.split('`').skip(1).step_by(2) {
                said.insert(format!("{prefix}{key}"), meaning.to_owned());
            }
        }
    }
    said
}
