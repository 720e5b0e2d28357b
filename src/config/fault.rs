//! What is wrong with a configuration: every fault, where it stands, and how to mend it.
//!
//! Owns: collecting and showing them (graphical, plain, JSON). Does not own: finding them.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, Severity, SourceCode};

use crate::config::source::{Place, Sources};

/// One fault.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    message: String,
    help: String,
    place: Option<Place>,
    also: Option<(Place, String)>,
    kind: Kind,
}

/// What a fault depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file that could not be read or is not TOML.
    Unreadable,
    /// Something that stands there is wrong.
    Present,
    /// Something is not there; it may stand in a file that could not be read.
    Absent,
    /// As `Absent`: the key-encryption key.
    NoEncryptionKey,
}

impl Fault {
    /// Something at `place` is wrong; `help` says what to write instead.
    pub(super) fn at(place: &Place, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), place: Some(place.clone()), also: None, kind: Kind::Present }
    }

    /// Something is wrong that stands nowhere.
    pub(super) fn nowhere(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), place: None, also: None, kind: Kind::Present }
    }

    /// Points to a second place as well.
    pub(super) fn and(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.also = Some((place.clone(), label.into()));
        self
    }

    /// Says what the fault depends on.
    pub(super) fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }
}

/// Every fault of one configuration, in the order of files and lines.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    sources: Sources,
    faults: Vec<Fault>,
}

impl Faults {
    /// Orders the faults and leaves out those that only follow from a file that could not be read.
    pub(super) fn new(sources: Sources, mut faults: Vec<Fault>) -> Self {
        let broken: Vec<String> = faults
            .iter()
            .filter(|fault| fault.kind == Kind::Unreadable)
            .map(|fault| fault.place.as_ref().map(|place| sources.file_and_line(place)).unwrap_or_default())
            .collect();
        if !broken.is_empty() {
            let on_broken_line = |fault: &Fault| {
                fault.place.as_ref().is_some_and(|place| broken.contains(&sources.file_and_line(place)))
            };
            faults.retain(|fault| match fault.kind {
                Kind::Unreadable => true,
                Kind::Present => !on_broken_line(fault),
                Kind::Absent | Kind::NoEncryptionKey => false,
            });
        }
        faults.sort_by(|one, other| one.place.cmp(&other.place));
        Self { sources, faults }
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.faults.len()
    }

    /// Whether there is none; what `load` returns has at least one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether the key-encryption key is missing; the help of that fault has the command that makes one.
    #[must_use]
    pub fn lacks_encryption_key(&self) -> bool {
        self.faults.iter().any(|fault| fault.kind == Kind::NoEncryptionKey)
    }

    /// For people: each fault with file, line, column, the source line underlined, and a help line.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(120);
        let mut out = String::new();
        for fault in &self.faults {
            let shown = self.diagnostic(fault);
            // Writing to a string cannot fail; should it, the plain line still says everything.
            if handler.render_report(&mut out, &shown).is_err() {
                out.push_str(&self.plain(fault));
            }
            out.push('\n');
        }
        out
    }

    /// For tools: an array of `{file, line, column, message, help}`; a fault that stands nowhere has null
    /// for the first three.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let one = |fault: &Fault| {
            let position = fault.place.as_ref().map(|place| self.sources.position(place));
            let file = fault.place.as_ref().and_then(|place| self.sources.of(place)).map(|source| source.name.clone());
            serde_json::json!({
                "file": file,
                "line": position.map(|(line, _)| line),
                "column": position.map(|(_, column)| column),
                "message": self.message(fault),
                "help": fault.help,
            })
        };
        self.faults.iter().map(one).collect()
    }

    /// The message with the second place, for those who see no source lines.
    fn message(&self, fault: &Fault) -> String {
        match &fault.also {
            None => fault.message.clone(),
            Some((place, label)) => format!("{} ({label}: {})", fault.message, self.sources.shown(place)),
        }
    }

    fn plain(&self, fault: &Fault) -> String {
        let place = fault.place.as_ref().map(|place| format!("{}: ", self.sources.shown(place))).unwrap_or_default();
        format!("{place}{}\n  help: {}\n", self.message(fault), fault.help)
    }

    fn diagnostic(&self, fault: &Fault) -> Shown {
        let mut shown = self.snippet(fault.message.clone(), fault.place.as_ref(), None);
        shown.help = Some(fault.help.clone());
        if let Some((place, label)) = &fault.also {
            let same_text =
                match (fault.place.as_ref().and_then(|place| self.sources.of(place)), self.sources.of(place)) {
                    (Some(one), Some(other)) => Arc::ptr_eq(&one.text, &other.text),
                    _ => false,
                };
            if same_text {
                shown.labels.push(self.label(place, Some(label.clone())));
            } else {
                let mut other = self.snippet(label.clone(), Some(place), None);
                other.severity = Severity::Advice;
                shown.related.push(other);
            }
        }
        shown
    }

    fn snippet(&self, message: String, place: Option<&Place>, label: Option<String>) -> Shown {
        let named = place.and_then(|place| {
            let source = self.sources.of(place)?;
            Some(NamedSource::new(&source.name, self.sources.masked(place)))
        });
        let labels = place.map(|place| self.label(place, label)).into_iter().collect();
        Shown { message, help: None, named, labels, related: Vec::new(), severity: Severity::Error }
    }

    fn label(&self, place: &Place, label: Option<String>) -> LabeledSpan {
        let range = self.sources.underline(place);
        LabeledSpan::new(label, range.start, range.len())
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.faults.iter().try_for_each(|fault| f.write_str(&self.plain(fault)))
    }
}

impl std::error::Error for Faults {}

/// A fault as miette draws it.
#[derive(Debug)]
struct Shown {
    message: String,
    help: Option<String>,
    named: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
    related: Vec<Shown>,
    severity: Severity,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.named.as_ref().map(|named| named as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.related.iter().map(|related| related as &dyn Diagnostic)))
    }
}
