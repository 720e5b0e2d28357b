//! Reading one table: keys are taken off it one by one, and what is left over is unknown.
//!
//! Owns: taking keys, overrides from the environment, missing and unknown keys. Does not own: what a
//! value must be (`values`, `secret`) or the keys of a section (a file each).

use std::collections::BTreeSet;

use crate::config::document::{Data, Table, Value};
use crate::config::fault::{Fault, Kind};
use crate::config::later;
use crate::config::nearest::nearest;
use crate::config::note::{Note, Shape};
use crate::config::source::{Place, Sources};

/// Looks up an environment variable.
pub(super) type Env<'e> = &'e dyn Fn(&str) -> Option<String>;

/// The tables that there may be many of.
const LISTS: &[&str] = &["clients", "apis", "apis.scopes", "roles", "providers"];

/// What one load has read and found wrong so far.
pub(super) struct Reader<'e> {
    pub(super) sources: Sources,
    pub(super) faults: Vec<Fault>,
    /// Whether this is for `dev`: literal secrets may stand in files.
    pub(super) dev: bool,
    pub(super) env: Env<'e>,
    /// `table.key` of every key that was looked for.
    known: BTreeSet<String>,
    /// The same at length, where somebody asked for it.
    notes: Option<Vec<Note>>,
    /// `table.key` of every key that a table of a list must have.
    required: BTreeSet<String>,
    /// How many tables were begun.
    entries: usize,
    /// Whether there is nothing to read, and the readers are only asked what they look for.
    probing: bool,
}

/// A value that passed, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

impl<'e> Reader<'e> {
    /// Nothing read yet.
    pub(super) fn new(env: Env<'e>, dev: bool) -> Self {
        Self {
            sources: Sources::default(),
            faults: Vec::new(),
            dev,
            env,
            known: BTreeSet::new(),
            notes: None,
            required: BTreeSet::new(),
            entries: 0,
            probing: false,
        }
    }

    /// The same, and every key is noted.
    pub(super) fn noting(env: Env<'e>) -> Self {
        Self { notes: Some(Vec::new()), ..Self::new(env, false) }
    }

    /// Reads nothing: every list of tables has one empty table, so that every reader says what it looks for.
    pub(super) fn probing(env: Env<'e>) -> Self {
        Self { probing: true, ..Self::noting(env) }
    }

    /// Whether readers are only asked what they look for.
    pub(super) const fn is_probing(&self) -> bool {
        self.probing
    }

    /// Every key that was looked for, in the order of reading; empty unless they were to be noted.
    pub(super) fn notes(&self) -> &[Note] {
        self.notes.as_deref().unwrap_or_default()
    }

    /// Whether a table of a list must have that key.
    pub(super) fn is_required(&self, table: &str, key: &str) -> bool {
        self.required.contains(&full_name(table, key))
    }

    /// The top level.
    pub(super) fn root(&mut self, table: Table) -> Section<'_, 'e> {
        self.begin("", false, table)
    }

    /// A table there is one of, such as `[server]`: the environment overrides its keys.
    pub(super) fn section(&mut self, name: &'static str, table: Table) -> Section<'_, 'e> {
        self.begin(name, true, table)
    }

    /// One of many, such as a `[[clients]]`, or a table in one.
    pub(super) fn entry(&mut self, name: &'static str, table: Table) -> Section<'_, 'e> {
        self.begin(name, false, table)
    }

    fn begin(&mut self, name: &'static str, single: bool, table: Table) -> Section<'_, 'e> {
        self.entries += 1;
        let entry = self.entries;
        Section { reader: self, name, single, entry, table, keys: Vec::new() }
    }

    /// `table.key` of every key that was looked for.
    #[cfg(test)]
    pub(super) fn known(&self) -> &BTreeSet<String> {
        &self.known
    }

    /// Whether a place is in the value of an environment variable.
    pub(super) fn is_variable(&self, place: &Place) -> bool {
        self.sources.of(place).is_some_and(|source| source.from_environment)
    }

    /// The override of one key, if it is set and not empty.
    fn variable(&mut self, section: &str, key: &str) -> Option<Value> {
        let name = variable_name(section, key);
        let text = (self.env)(&name).filter(|text| !text.is_empty())?;
        let source = self.sources.add_variable(&name, &text);
        let place = self.sources.place(source, 0..text.len());
        Some(Value { place, data: Data::String(text) })
    }
}

/// `table.key`, or the key alone at the top level.
fn full_name(table: &str, key: &str) -> String {
    if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") }
}

/// The variable that overrides a key.
pub(super) fn variable_name(section: &str, key: &str) -> String {
    format!("VESTIBULE__{}__{}", section.to_ascii_uppercase(), key.to_ascii_uppercase())
}

/// One table while it is read.
pub(super) struct Section<'r, 'e> {
    pub(super) reader: &'r mut Reader<'e>,
    name: &'static str,
    single: bool,
    entry: usize,
    table: Table,
    keys: Vec<&'static str>,
}

impl Section<'_, '_> {
    /// How the table is written: `[server]`, `[[clients]]`.
    pub(super) fn title(&self) -> String {
        title(self.name)
    }

    /// Where the table begins, if it stands anywhere.
    pub(super) fn place(&self) -> Option<&Place> {
        self.table.place.as_ref()
    }

    /// Takes a key off the table; the environment comes first.
    pub(super) fn take(&mut self, key: &'static str, shape: Shape) -> Option<Value> {
        self.keys.push(key);
        let (name, single, entry) = (self.name, self.single, self.entry);
        self.reader.known.insert(full_name(name, key));
        let written = self.table.remove(key);
        let set = if single { self.reader.variable(name, key) } else { None };
        let instead_of = written.as_ref().filter(|_| set.is_some()).map(|value| value.place.clone());
        let found = set.or(written);
        if let Some(notes) = &mut self.reader.notes {
            let written = found.clone();
            let (default, default_varies) = (None, false);
            notes.push(Note { table: name, single, entry, key, shape, default, default_varies, written, instead_of });
        }
        found
    }

    /// Notes what a key is where it is not set.
    pub(super) fn default_is(&mut self, key: &str, default: impl Into<toml::Value>) {
        if let Some(note) = self.note(key) {
            note.default = Some(default.into());
        }
    }

    /// Notes that the default just told depends on the machine.
    pub(super) fn default_varies(&mut self, key: &str) {
        if let Some(note) = self.note(key) {
            note.default_varies = true;
        }
    }

    /// Notes that a key counts for nothing, because `other` was set in the environment.
    pub(super) fn gives_way(&mut self, key: &str, other: &str) {
        let place = self.note(key).and_then(|note| note.written.take()).map(|value| value.place);
        if let Some(note) = self.note(other) {
            note.instead_of = note.instead_of.take().or(place);
        }
    }

    fn note(&mut self, key: &str) -> Option<&mut Note> {
        let entry = self.entry;
        let notes = self.reader.notes.as_mut()?;
        notes.iter_mut().rev().find(|note| note.entry == entry && note.key == key)
    }

    /// Whether a key is set, rightly or wrongly.
    pub(super) fn is_set(&self, key: &str) -> bool {
        let written = self.table.entries.iter().any(|(name, _)| name.name == key);
        written || self.single && (self.reader.env)(&variable_name(self.name, key)).is_some_and(|text| !text.is_empty())
    }

    /// Leaves a key out, as if it were not written; where its name stands.
    pub(super) fn leave_out(&mut self, key: &str) -> Option<Place> {
        let name = self.table.entries.iter().find(|(name, _)| name.name == key).map(|(name, _)| name.place.clone());
        self.table.remove(key);
        name
    }

    /// Takes a table there is one of; an empty one when it is not written.
    pub(super) fn table(&mut self, key: &'static str) -> Table {
        match self.take(key, Shape::Table) {
            None => Table::default(),
            Some(Value { data: Data::Table(table), .. }) => table,
            Some(other) => {
                let message = format!("`{key}` must be a table, but is {}", other.data.name());
                let header = full_name(self.name, key);
                self.fault(&other.place, message, format!("write one header, [{header}], and its keys below"));
                Table::default()
            }
        }
    }

    /// Takes a table there may be many of.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Table> {
        let help = format!("begin each entry with the header [[{key}]], in two pairs of brackets");
        match self.take(key, Shape::Tables) {
            None if self.reader.probing => vec![Table::default()],
            None => Vec::new(),
            Some(Value { data: Data::Array(values), .. }) => {
                let mut tables = Vec::with_capacity(values.len());
                for value in values {
                    match value.data {
                        Data::Table(table) => tables.push(table),
                        other => {
                            let message = format!("each of `{key}` must be a table, but this is {}", other.name());
                            self.fault(&value.place, message, help.as_str());
                        }
                    }
                }
                tables
            }
            Some(other) => {
                let message = format!("`{key}` must be a list of tables, but is {}", other.data.name());
                self.fault(&other.place, message, help);
                Vec::new()
            }
        }
    }

    /// Records that something at `place` is wrong.
    pub(super) fn fault(&mut self, place: &Place, message: impl Into<String>, help: impl Into<String>) {
        self.reader.faults.push(Fault::at(place, message, help));
    }

    /// Records that the table as a whole is wrong.
    pub(super) fn fault_here(&mut self, message: impl Into<String>, help: impl Into<String>) {
        let fault = match self.place() {
            Some(place) => Fault::at(place, message, help),
            None => Fault::nowhere(message, help),
        };
        self.reader.faults.push(fault);
    }

    /// Records that a key is missing.
    pub(super) fn missing(&mut self, key: &str, help: impl Into<String>) {
        let message = format!("{} has no `{key}`", self.title());
        let fault = match self.place() {
            Some(place) => Fault::at(place, message, help),
            None => Fault::nowhere(message, help),
        };
        // A key missing in a table that stands there is missing whatever the other files hold, unless the
        // table may go on in another file.
        let kind = if self.single { Kind::Absent } else { Kind::Present };
        if !self.single {
            self.reader.required.insert(full_name(self.name, key));
        }
        self.reader.faults.push(fault.kind(kind));
    }

    /// Ends the reading: whatever is left over is unknown.
    pub(super) fn finish(self) {
        let Section { reader, name, table, keys, .. } = self;
        reader.unknown(&Rest { name, table, keys });
    }

    /// What is left over, to be told once every other table was read: then it is known where a key of the
    /// top level belongs.
    pub(super) fn rest(self) -> Rest {
        Rest { name: self.name, table: self.table, keys: self.keys }
    }
}

/// What is left of a table, and which keys were looked for.
pub(super) struct Rest {
    name: &'static str,
    table: Table,
    keys: Vec<&'static str>,
}

impl Reader<'_> {
    /// Records every key that is left over.
    pub(super) fn unknown(&mut self, rest: &Rest) {
        let title = title(rest.name);
        for (key, _) in &rest.table.entries {
            let name = key.name.as_str();
            let (message, help) = if later::is_planned(rest.name, name) {
                (
                    format!("`{name}` is not supported in this version"),
                    "remove it: a later version will serve it".to_owned(),
                )
            } else {
                let help = match (nearest(name, rest.keys.iter().copied()), self.home_of(rest.name, name)) {
                    (_, Some(home)) => format!("`{name}` belongs under {home}"),
                    (Some(meant), None) => format!("did you mean `{meant}`?"),
                    (None, None) => format!("{title} knows {}", rest.keys.join(", ")),
                };
                (format!("`{name}` is not a key of {title}"), help)
            };
            self.faults.push(Fault::at(&key.place, message, help));
        }
    }

    /// Where a key that stands at the top level belongs.
    fn home_of(&self, table: &str, key: &str) -> Option<String> {
        let homes = self.known.iter().filter_map(|known| known.rsplit_once('.'));
        let (home, _) = homes.filter(|_| table.is_empty()).find(|(home, name)| *name == key && !home.contains('.'))?;
        Some(title(home))
    }
}

fn title(name: &str) -> String {
    match name {
        "" => "the top level".to_owned(),
        list if LISTS.contains(&list) => format!("[[{list}]]"),
        table => format!("[{table}]"),
    }
}
