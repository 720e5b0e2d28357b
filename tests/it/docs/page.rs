//! A page of the documentation, taken apart.
//!
//! Owns: fenced blocks, their commands and the output they show. Does not own: running them.

use std::path::{Path, PathBuf};

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the documentation.
#[derive(Debug)]
pub struct Page {
    pub file: String,
    pub blocks: Vec<Block>,
}

/// A fenced block.
#[derive(Debug, Clone)]
pub struct Block {
    /// `file:line` of its opening fence.
    pub place: String,
    pub language: String,
    /// The HTML comment on the line before it: what a test finds it by.
    pub marker: Option<String>,
    pub text: String,
}

/// A command of a shell block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// As it is printed, without a comment at its end, on one line.
    pub text: String,
    pub exit_code: i32,
    /// The output that is shown; `None` where none is.
    pub output: Option<Vec<String>>,
}

impl Page {
    pub fn read(file: &str) -> Self {
        let path: PathBuf = root().join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { file: file.to_owned(), blocks: blocks(file, &text) }
    }
}

fn blocks(file: &str, text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    let mut before = "";
    for (number, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(language), None) => {
                let place = format!("{file}:{}", number + 1);
                assert!(!language.is_empty(), "{place}: a block without a language");
                let marker = before.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
                let marker = marker.map(str::to_owned);
                open = Some(Block { place, language: language.to_owned(), marker, text: String::new() });
            }
            (Some(rest), Some(block)) => {
                assert_eq!(rest, "", "{file}:{}: a fence in a block", number + 1);
                found.push(block);
            }
            (None, Some(mut block)) => {
                block.text.push_str(line);
                block.text.push('\n');
                open = Some(block);
            }
            (None, None) => {}
        }
        before = line;
    }
    assert!(open.is_none(), "{file}: a block without an end");
    found
}

impl Block {
    pub fn is_shell(&self) -> bool {
        matches!(self.language.as_str(), "sh" | "console")
    }

    /// The commands in their order.
    pub fn commands(&self) -> Vec<Command> {
        let with_output = self.language == "console" && self.text.lines().any(|line| line.starts_with("$ "));
        let mut commands: Vec<Command> = Vec::new();
        let mut begun = String::new();
        for line in self.text.lines() {
            let line = if with_output && begun.is_empty() {
                match (line.strip_prefix("$ "), commands.last_mut()) {
                    (Some(line), _) => line,
                    (None, Some(command)) => {
                        command.output.get_or_insert_default().push(line.to_owned());
                        continue;
                    }
                    (None, None) => panic!("{}: output before the first command", self.place),
                }
            } else {
                line
            };
            if let Some(part) = line.strip_suffix('\\') {
                begun.push_str(part.trim_start());
                continue;
            }
            begun.push_str(if begun.is_empty() { line } else { line.trim_start() });
            commands.extend(command(&std::mem::take(&mut begun)));
        }
        assert_eq!(begun, "", "{}: a command without an end", self.place);
        commands
    }

    /// The file that a block of configuration names in its first line.
    #[track_caller]
    pub fn file(&self) -> &str {
        let first = self.text.lines().next().unwrap_or_default();
        let name = first
            .strip_prefix("# ")
            .filter(|name| Path::new(name).extension().is_some_and(|found| found == "toml") && !name.contains(' '));
        name.unwrap_or_else(|| panic!("{}: its first line is no comment with the name of its file", self.place))
    }
}

/// A line of commands without its comment; nothing for a line that has nothing else.
fn command(line: &str) -> Option<Command> {
    let (text, comment) = match line.match_indices(" #").map(|(at, _)| at).find(|at| !is_quoted(&line[..*at])) {
        Some(at) => line.split_at(at),
        None if line.starts_with('#') => ("", line),
        None => (line, ""),
    };
    let exit_code = comment.split_once("exit code ").map_or(0, |(_, code)| code.trim().parse().expect("an exit code"));
    let text = text.trim().to_owned();
    (!text.is_empty()).then_some(Command { text, exit_code, output: None })
}

/// Whether a quote is open at the end of it.
fn is_quoted(text: &str) -> bool {
    let mut open = None;
    for c in text.chars().filter(|c| matches!(c, '\'' | '"')) {
        match open {
            None => open = Some(c),
            Some(quote) if quote == c => open = None,
            Some(_) => {}
        }
    }
    open.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "words\n<!-- mark -->\n```console\n$ one 'a # b'  # a comment\nout\n…\n$ two \\\n    three  # exit code 3\n```\n\
                        ```sh\n# nothing\nfour    # five\nsix\n```\n";

    #[test]
    fn a_page_falls_into_commands_and_outputs() {
        let found = blocks("x.md", TEXT);
        assert_eq!((found[0].marker.as_deref(), found[0].place.as_str()), (Some("mark"), "x.md:3"));
        let first = found[0].commands();
        let command = |text: &str, exit_code, output| Command { text: text.to_owned(), exit_code, output };
        let output = vec!["out".to_owned(), "…".to_owned()];
        assert_eq!(first, [command("one 'a # b'", 0, Some(output)), command("two three", 3, None)]);
        assert_eq!(found[1].commands(), [command("four", 0, None), command("six", 0, None)]);
    }
}
