//! The texts that configuration came from, and places in them.
//!
//! Owns: file names, lines and columns, and hiding what looks like a secret before a line is shown.
//! Does not own: what a text means (`document`) or what is wrong with it (`fault`).

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One text: a file, or the value of an environment variable.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// As shown: the path of a file, or `environment variable NAME`.
    pub(super) name: String,
    /// The whole text, without byte order mark.
    pub(super) text: Arc<str>,
    /// What relative paths in it are relative to; empty for the environment.
    pub(super) folder: PathBuf,
    /// Byte ranges that are never shown.
    secrets: Vec<Range<usize>>,
    /// Whether it came from the environment, where literal secrets may stand.
    pub(super) from_environment: bool,
}

/// A stretch of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    source: usize,
    start: usize,
    end: usize,
}

/// Every text of one load, in the order they were read.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources(Vec<Source>);

impl Sources {
    /// Keeps a file.
    pub(super) fn add_file(&mut self, path: &Path, text: &str) -> usize {
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        self.add(path.display().to_string(), text, folder, false)
    }

    /// Keeps the value of an environment variable.
    pub(super) fn add_variable(&mut self, name: &str, value: &str) -> usize {
        self.add(format!("environment variable {name}"), value, PathBuf::new(), true)
    }

    fn add(&mut self, name: String, text: &str, folder: PathBuf, from_environment: bool) -> usize {
        self.0.push(Source { name, text: Arc::from(text), folder, secrets: Vec::new(), from_environment });
        self.0.len() - 1
    }

    /// The text that a place is in.
    pub(super) fn of(&self, place: &Place) -> Option<&Source> {
        self.0.get(place.source)
    }

    /// The text under a place.
    pub(super) fn text(&self, place: &Place) -> &str {
        self.of(place).and_then(|source| source.text.get(place.start..place.end)).unwrap_or_default()
    }

    /// A place: `span` is in bytes and may lie.
    pub(super) fn place(&self, source: usize, span: Range<usize>) -> Place {
        let text = self.0.get(source).map_or("", |source| &source.text);
        let floor =
            |offset: usize| (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let start = floor(span.start);
        Place { source, start, end: floor(span.end).max(start) }
    }

    /// The part of `place` where `word` stands alone between quotes or spaces, or `place` itself.
    pub(super) fn word(&self, place: &Place, word: &str) -> Place {
        let text = self.text(place);
        let alone = |at: usize| {
            let edge = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || c == '"' || c == '\'');
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
            edge(before) && edge(after)
        };
        let found = text.match_indices(word).map(|(at, _)| at).find(|at| !word.is_empty() && alone(*at));
        found.map_or_else(
            || place.clone(),
            |at| Place { source: place.source, start: place.start + at, end: place.start + at + word.len() },
        )
    }

    /// Never shows what stands at this place.
    pub(super) fn hide(&mut self, place: &Place) {
        if let Some(source) = self.0.get_mut(place.source) {
            source.secrets.push(place.start..place.end);
        }
    }

    /// Line and column, both from 1; the column counts characters.
    pub(super) fn position(&self, place: &Place) -> (usize, usize) {
        let before = self.of(place).and_then(|source| source.text.get(..place.start)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (line, before.get(line_start..).unwrap_or_default().chars().count() + 1)
    }

    /// `file:line`.
    pub(super) fn file_and_line(&self, place: &Place) -> String {
        let name = self.of(place).map_or("", |source| &source.name);
        format!("{name}:{}", self.position(place).0)
    }

    /// `file:line:column`.
    pub(super) fn shown(&self, place: &Place) -> String {
        format!("{}:{}", self.file_and_line(place), self.position(place).1)
    }

    /// What to underline: the place up to the end of its first line, never past the text.
    pub(super) fn underline(&self, place: &Place) -> Range<usize> {
        let text = self.text(place);
        let first_line = text.lines().next().map_or(0, str::len);
        place.start..place.start + first_line
    }

    /// The text with every secret blotted out, byte for byte, so that places stay true.
    pub(super) fn masked(&self, place: &Place) -> String {
        let Some(source) = self.of(place) else { return String::new() };
        let marked = |at: usize| source.secrets.iter().any(|secret| secret.contains(&at));
        let mut out = String::with_capacity(source.text.len());
        let mut offset = 0;
        for line in source.text.split_inclusive('\n') {
            let guessed = guess_secret(line);
            for (at, c) in line.char_indices() {
                let secret = marked(offset + at) || guessed.contains(&at);
                if secret && !matches!(c, '\n' | '\r' | '"' | '\'') {
                    out.extend(std::iter::repeat_n('*', c.len_utf8()));
                } else {
                    out.push(c);
                }
            }
            offset += line.len();
        }
        out
    }
}

/// Where a line that no reader may have understood seems to hold a secret: a quoted value behind a key
/// that is named like one, or the user part of a URL.
fn guess_secret(line: &str) -> Range<usize> {
    if let Some((key, value)) = line.split_once('=') {
        let key_name = key.to_ascii_lowercase();
        let named = ["secret", "password", "token", "encryption_key", "encryption-key"]
            .iter()
            .any(|word| key_name.contains(word));
        let harmless = ["hash", "file", "method", "lifetime"].iter().any(|word| key_name.contains(word));
        if named && !harmless && value.trim_start().starts_with(['"', '\'']) {
            return key.len() + 1..line.len();
        }
    }
    let user = line.find("://").map(|at| at + 3).and_then(|start| {
        let rest = line.get(start..)?;
        let end = rest.find(['/', '"', '\'', ' ']).unwrap_or(rest.len());
        rest.get(..end)?.rfind('@').map(|at| start..start + at)
    });
    user.unwrap_or(0..0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_from_one() {
        let mut sources = Sources::default();
        let source = sources.add_file(Path::new("c/a.toml"), "a = 1\nü = \"x\"\n");
        let place = sources.place(source, 11..14);
        assert_eq!(sources.text(&place), "\"x\"");
        assert_eq!(sources.shown(&place), "c/a.toml:2:5");
    }

    #[test]
    fn a_word_is_found_only_where_it_stands_alone() {
        let mut sources = Sources::default();
        let source = sources.add_file(Path::new("a.toml"), "\"read:users read\"");
        let all = sources.place(source, 0..17);
        assert_eq!(sources.position(&sources.word(&all, "read")), (1, 13));
        assert_eq!(sources.word(&all, "write"), all);
    }

    #[test]
    fn secrets_are_blotted_out_byte_for_byte() {
        let mut sources = Sources::default();
        let text = "client_secret = \"pä\"\nurl = \"redis://:pw@h/0\"\nclient_secret_hash = \"sha256:0\"\n";
        let source = sources.add_file(Path::new("a.toml"), text);
        let masked = sources.masked(&sources.place(source, 0..1));
        assert_eq!(masked.len(), text.len());
        assert!(!masked.contains('p') || !masked.contains("pw"), "{masked}");
        assert!(masked.contains("redis://***@h/0") && masked.contains("sha256:0"), "{masked}");
    }

    #[test]
    fn a_span_outside_the_text_is_brought_inside() {
        let mut sources = Sources::default();
        let source = sources.add_file(Path::new("a.toml"), "ü");
        assert_eq!(sources.text(&sources.place(source, 1..99)), "ü");
    }
}
