//! What each key takes, noted where it is read.
//!
//! Owns: those notes. A key is declared nowhere but where it is read: unknown keys, `check --schema` and
//! `config show` all come from what the readers looked for. Does not own: reading (`section`, `values`),
//! or what is made of the notes (`schema`, `show`).

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::config::document::Value;
use crate::config::duration;
use crate::config::source::Place;

/// What a key takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// Text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number within bounds.
    Integer(RangeInclusive<i64>),
    /// Whole seconds, or text such as `"10m"`.
    Duration(RangeInclusive<Duration>),
    /// One of some words.
    Word(Vec<&'static str>),
    /// A list of texts, or one text alone.
    Texts,
    /// A list of some words, or one alone.
    Words(Vec<&'static str>),
    /// Scopes: one text with spaces between them, or a list.
    Scopes,
    /// A secret or a list of them: `{ env = "NAME" }`, `{ file = "PATH" }`, or text where it may be seen.
    Secret,
    /// The paths of files that hold such secrets, or one path alone.
    SecretFile,
    /// A table of texts whose keys anybody may choose; whether each may be a list of texts.
    TextsByName {
        /// Or one text alone.
        lists: bool,
    },
    /// A table there is one of.
    Table,
    /// A list of tables.
    Tables,
}

/// A key that was looked for, in one table.
#[derive(Debug, Clone)]
pub(super) struct Note {
    /// `server`, `clients`; empty at the top level.
    pub(super) table: &'static str,
    /// Whether there is one such table, as `[server]`.
    pub(super) single: bool,
    /// Which table this was, of all that were read.
    pub(super) entry: usize,
    pub(super) key: &'static str,
    pub(super) shape: Shape,
    /// What it is where it is not set, as TOML; `None` when it then is nothing, or nothing that TOML can say.
    pub(super) default: Option<toml::Value>,
    /// Whether that depends on the machine.
    pub(super) default_varies: bool,
    /// What stands there: in a file or in the environment.
    pub(super) written: Option<Value>,
    /// What stands in a file in vain, because the environment says otherwise.
    pub(super) instead_of: Option<Place>,
}

/// A length of time as a default is written.
pub(super) fn length(length: Duration) -> toml::Value {
    toml::Value::String(duration::show(length))
}
