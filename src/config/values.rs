//! What a value must be: text, number, yes or no, length of time, one of some words, a list.
//!
//! Owns: those checks and how their faults read. Does not own: which key takes which (a file each
//! section) or secrets (`secret`).

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use ipnet::IpNet;

use crate::config::document::{Data, Value};
use crate::config::duration;
use crate::config::nearest::nearest;
use crate::config::section::{Found, Section};
use crate::config::source::{Place, Sources};
use crate::protocol::scope::{Scope, Scopes};

/// Scopes as written.
#[derive(Debug, Clone, Default)]
pub(super) struct ScopeList {
    pub(super) scopes: Scopes,
    items: Vec<Found<String>>,
}

impl ScopeList {
    /// Where a scope stands in the list.
    pub(super) fn place_of(&self, scope: &Scope, sources: &Sources) -> Option<Place> {
        let item = self.items.iter().find(|item| item.value.split(' ').any(|word| word == scope.as_str()))?;
        Some(sources.word(&item.place, scope.as_str()))
    }
}

impl Section<'_, '_> {
    /// Text.
    pub(super) fn string(&mut self, key: &'static str) -> Option<Found<String>> {
        match self.take(key)? {
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
        let value = self.take(key)?;
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

    /// A whole number within bounds.
    pub(super) fn integer(&mut self, key: &'static str, bounds: RangeInclusive<i64>) -> Option<i64> {
        let value = self.take(key)?;
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

    /// A length of time within bounds: whole seconds, or text such as `"10m"`.
    pub(super) fn duration(&mut self, key: &'static str, bounds: RangeInclusive<Duration>) -> Option<Found<Duration>> {
        let value = self.take(key)?;
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

    /// One of some words.
    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, words: &[(&'static str, T)]) -> Option<Found<T>> {
        let Found { value, place } = self.string(key)?;
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
        let value = self.take(key)?;
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

    /// Addresses and ranges of them. A range of all addresses is a fault: it would switch off what the list
    /// is for.
    pub(super) fn ranges(&mut self, key: &'static str, help: &str) -> Option<Vec<IpNet>> {
        let items = self.strings(key)?;
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
        Some(ranges)
    }

    /// Scopes: one text with spaces between them (RFC 7591 2), or a list.
    pub(super) fn scopes(&mut self, key: &'static str) -> Option<ScopeList> {
        let items = self.strings(key)?;
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
