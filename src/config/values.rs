//! What a value must be: text, number, yes or no, length of time, one of some words, a list.
//!
//! Owns: those checks and how their faults read. Does not own: which key takes which (a file each
//! section) or secrets (`secret`).

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;

use crate::config::document::{Data, Key, Value};
use crate::config::duration;
use crate::config::nearest::nearest;
use crate::config::note::{self, Shape};
use crate::config::section::{Found, Section};
use crate::config::source::{Place, Sources};
use crate::protocol::scope::{Scope, Scopes};

/// A value that is there in any case: as it was set, or as it is where it is not.
#[derive(Debug, Clone)]
pub(super) struct Settled<T> {
    pub(super) value: T,
    /// Where it was set.
    pub(super) place: Option<Place>,
}

impl<T> Settled<T> {
    fn of(found: Option<Found<T>>, default: T) -> Self {
        match found {
            Some(Found { value, place }) => Self { value, place: Some(place) },
            None => Self { value: default, place: None },
        }
    }
}

/// Scopes as written.
#[derive(Debug, Clone, Default)]
pub(super) struct ScopeList {
    pub(super) scopes: Scopes,
    items: Vec<Found<String>>,
}

impl ScopeList {
    /// Where the first item stands; `None` for an empty list.
    pub(super) fn first_place(&self) -> Option<Place> {
        self.items.first().map(|item| item.place.clone())
    }

    /// Where a scope stands in the list.
    pub(super) fn place_of(&self, scope: &Scope, sources: &Sources) -> Option<Place> {
        let item = self.items.iter().find(|item| item.value.split(' ').any(|word| word == scope.as_str()))?;
        Some(sources.word(&item.place, scope.as_str()))
    }
}

impl Section<'_, '_> {
    /// Text.
    pub(super) fn string(&mut self, key: &'static str) -> Option<Found<String>> {
        self.string_of(key, Shape::Text)
    }

    /// Text that is one of some words; that it is, the caller checks.
    pub(super) fn word(
        &mut self,
        key: &'static str,
        words: impl IntoIterator<Item = &'static str>,
    ) -> Option<Found<String>> {
        self.string_of(key, Shape::Word(words.into_iter().collect()))
    }

    fn string_of(&mut self, key: &'static str, shape: Shape) -> Option<Found<String>> {
        match self.take(key, shape)? {
            Value { place, data: Data::String(value) } => Some(Found { value, place }),
            other => {
                self.wrong(key, &other, "a string", &format!("write it in quotes: {key} = \"…\""));
                None
            }
        }
    }

    /// Text that `parse` understands; its error completes the sentence "`key` …", and `help` says what to
    /// write.
    pub(super) fn parsed<T, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
        help: impl FnOnce(&str) -> String,
    ) -> Option<Found<T>> {
        let Found { value, place } = self.string(key)?;
        match parse(&value) {
            Ok(value) => Some(Found { value, place }),
            Err(error) => {
                self.fault(&place, format!("`{key}` {error}"), help(&value));
                None
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, key: &'static str) -> Option<Found<bool>> {
        let value = self.take(key, Shape::Boolean)?;
        let read = match &value.data {
            Data::Boolean(boolean) => Some(*boolean),
            Data::String(text) if self.reader.is_variable(&value.place) => text.parse().ok(),
            _ => None,
        };
        if read.is_none() {
            self.wrong(key, &value, "true or false", &format!("write {key} = true or {key} = false, without quotes"));
        }
        read.map(|boolean| Found { value: boolean, place: value.place })
    }

    /// `true` or `false`, and which of them where it is not set.
    pub(super) fn boolean_or(&mut self, key: &'static str, default: bool) -> Settled<bool> {
        let found = self.boolean(key);
        self.default_is(key, default);
        Settled::of(found, default)
    }

    /// A whole number within bounds.
    pub(super) fn integer(&mut self, key: &'static str, bounds: RangeInclusive<i64>) -> Option<i64> {
        let value = self.take(key, Shape::Integer(bounds.clone()))?;
        let read = match &value.data {
            Data::Integer(integer) => Some(*integer),
            Data::String(text) if self.reader.is_variable(&value.place) => text.trim().parse().ok(),
            _ => None,
        };
        let help =
            format!("write a whole number from {} to {}: {key} = {}", bounds.start(), bounds.end(), bounds.start());
        match read {
            None => {
                self.wrong(key, &value, "a whole number", &help);
                None
            }
            Some(integer) if bounds.contains(&integer) => Some(integer),
            Some(integer) => {
                let message = format!("`{key}` is {integer}, outside of {} to {}", bounds.start(), bounds.end());
                self.fault(&value.place, message, help);
                None
            }
        }
    }

    /// A whole number within bounds, as the type that holds it.
    pub(super) fn number<T: TryFrom<i64>>(&mut self, key: &'static str, bounds: RangeInclusive<i64>) -> Option<T> {
        self.integer(key, bounds).and_then(|integer| T::try_from(integer).ok())
    }

    /// A whole number within bounds, and what it is where it is not set.
    pub(super) fn number_or<T: TryFrom<i64> + TryInto<i64> + Copy>(
        &mut self,
        key: &'static str,
        bounds: RangeInclusive<i64>,
        default: T,
    ) -> T {
        let found = self.number(key, bounds);
        if let Ok(default) = default.try_into() {
            self.default_is(key, default);
        }
        found.unwrap_or(default)
    }

    /// A length of time within bounds: whole seconds, or text such as `"10m"`.
    pub(super) fn duration(&mut self, key: &'static str, bounds: RangeInclusive<Duration>) -> Option<Found<Duration>> {
        let value = self.take(key, Shape::Duration(bounds.clone()))?;
        let read = match &value.data {
            Data::Integer(seconds) => u64::try_from(*seconds).ok().map(Duration::from_secs),
            Data::String(text) if self.reader.is_variable(&value.place) => {
                text.trim().parse().ok().map(Duration::from_secs).or_else(|| duration::parse(text))
            }
            Data::String(text) => duration::parse(text),
            _ => None,
        };
        let (least, most) = (duration::show(*bounds.start()), duration::show(*bounds.end()));
        let help = format!("write seconds or a text such as \"30s\", \"10m\", \"12h\", \"7d\", from {least} to {most}");
        match read {
            None => {
                self.wrong(key, &value, "a length of time", &help);
                None
            }
            Some(length) if bounds.contains(&length) => Some(Found { value: length, place: value.place }),
            Some(length) => {
                let message = format!("`{key}` is {}, outside of {least} to {most}", duration::show(length));
                self.fault(&value.place, message, help);
                None
            }
        }
    }

    /// A length of time within bounds, and what it is where it is not set.
    pub(super) fn duration_or(
        &mut self,
        key: &'static str,
        bounds: RangeInclusive<Duration>,
        default: Duration,
    ) -> Settled<Duration> {
        let found = self.duration(key, bounds);
        self.default_is(key, note::length(default));
        Settled::of(found, default)
    }

    /// One of some words, and which of them where it is not set.
    pub(super) fn choice<T: Copy + Default + PartialEq>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Settled<T> {
        let found = self.one_of(key, words);
        if let Some((word, _)) = words.iter().find(|(_, value)| *value == T::default()) {
            self.default_is(key, *word);
        }
        Settled::of(found, T::default())
    }

    fn one_of<T: Copy>(&mut self, key: &'static str, words: &[(&'static str, T)]) -> Option<Found<T>> {
        let Found { value, place } = self.word(key, words.iter().map(|(word, _)| *word))?;
        if let Some((_, chosen)) = words.iter().find(|(word, _)| *word == value) {
            return Some(Found { value: *chosen, place });
        }
        let all: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let help = match nearest(&value, words.iter().map(|(word, _)| *word)) {
            Some(meant) => format!("did you mean \"{meant}\"? It is one of {}", all.join(", ")),
            None => format!("write one of {}", all.join(", ")),
        };
        self.fault(&place, format!("`{key}` cannot be \"{value}\""), help);
        None
    }

    /// A list of texts; one text alone counts as a list of one. In the environment commas separate them.
    pub(super) fn strings(&mut self, key: &'static str) -> Option<Vec<Found<String>>> {
        self.strings_of(key, Shape::Texts)
    }

    /// The same of some words; that they are such, the caller checks.
    pub(super) fn words(
        &mut self,
        key: &'static str,
        words: impl IntoIterator<Item = &'static str>,
    ) -> Option<Vec<Found<String>>> {
        self.strings_of(key, Shape::Words(words.into_iter().collect()))
    }

    fn strings_of(&mut self, key: &'static str, shape: Shape) -> Option<Vec<Found<String>>> {
        let value = self.take(key, shape)?;
        match value.data {
            Data::String(text) if self.reader.is_variable(&value.place) => {
                let each = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Some(each.map(|item| Found { value: item.to_owned(), place: value.place.clone() }).collect())
            }
            Data::String(text) => Some(vec![Found { value: text, place: value.place }]),
            Data::Array(items) => {
                let mut found = Vec::with_capacity(items.len());
                for item in items {
                    match item {
                        Value { place, data: Data::String(value) } => found.push(Found { value, place }),
                        other => self.wrong(key, &other, "a list of strings", "write every item in quotes"),
                    }
                }
                Some(found)
            }
            _ => {
                self.wrong(key, &value, "a list of strings", &format!("write {key} = [\"…\", \"…\"]"));
                None
            }
        }
    }

    /// A table of texts whose keys anybody may choose, or of lists of texts.
    pub(super) fn texts_by_name(&mut self, key: &'static str, lists: bool) -> Vec<(Key, Vec<Found<String>>)> {
        let help = format!("write {key} = {{ NAME = \"…\" }}");
        let table = match self.take(key, Shape::TextsByName { lists }) {
            None => return Vec::new(),
            Some(Value { data: Data::Table(table), .. }) => table,
            Some(other) => {
                self.wrong(key, &other, "a table", &help);
                return Vec::new();
            }
        };
        let mut all = Vec::with_capacity(table.entries.len());
        for (name, value) in table.entries {
            let items = match value.data {
                Data::Array(items) if lists => items,
                _ => vec![value],
            };
            let mut texts = Vec::with_capacity(items.len());
            for item in items {
                match item {
                    Value { place, data: Data::String(value) } => texts.push(Found { value, place }),
                    other => self.wrong(&name.name, &other, "a string", "write it in quotes"),
                }
            }
            all.push((name, texts));
        }
        all
    }

    /// Addresses and ranges of them, and which where it is not set. A range of all addresses is a fault: it
    /// would switch off what the list is for.
    pub(super) fn ranges(&mut self, key: &'static str, help: &str, default: Vec<IpNet>) -> Vec<IpNet> {
        let items = self.strings(key);
        self.default_is(key, default.iter().map(IpNet::to_string).collect::<Vec<_>>());
        let Some(items) = items else { return default };
        let mut ranges = Vec::with_capacity(items.len());
        for Found { value: text, place } in &items {
            let address = || text.parse().ok().map(|address: IpAddr| IpNet::from(address));
            match text.parse::<IpNet>().ok().or_else(address) {
                None => self.fault(place, format!("`{key}` cannot be \"{text}\""), help),
                Some(range) if range.prefix_len() == 0 => {
                    self.fault(place, format!("`{key}` would hold every address on earth"), help);
                }
                Some(range) => ranges.push(range.trunc()),
            }
        }
        ranges
    }

    /// Scopes: one text with spaces between them (RFC 7591 2), or a list.
    pub(super) fn scopes(&mut self, key: &'static str) -> Option<ScopeList> {
        let items = self.strings_of(key, Shape::Scopes)?;
        let mut scopes = Scopes::default();
        for item in &items {
            match Scopes::parse(&item.value) {
                Ok(more) => scopes = scopes.union(&more),
                Err(error) => {
                    let help = "write the names with single spaces between them: \"openid read:users\"";
                    self.fault(&item.place, format!("`{key}`: {error}"), help);
                }
            }
        }
        Some(ScopeList { scopes, items })
    }

    /// Records a value of the wrong type.
    pub(super) fn wrong(&mut self, key: &str, value: &Value, expected: &str, help: &str) {
        let message = match &value.data {
            Data::String(text) if !self.reader.is_variable(&value.place) => {
                let start: String = text.chars().take(40).collect();
                format!("`{key}` must be {expected}, but is the string \"{start}\"")
            }
            other => format!("`{key}` must be {expected}, but is {}", other.name()),
        };
        self.fault(&value.place, message, help);
    }
}
