//! How a command ends: exit codes and the message that goes with a failure.
//!
//! Owns: the table of docs/cli.md. Does not own: what each command considers a failure.

use std::fmt;
use std::process::ExitCode;

/// The exit codes. Scripts depend on them: a code never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Ok,
    /// 1: it did not work, and no other code says why.
    Failure,
    /// 2: the command line could not be understood (also clap's own code).
    Usage,
    /// 3: the configuration is invalid.
    Config,
    /// 4: something could not be reached, or an address could not be bound.
    Unreachable,
    /// 5: the thing named does not exist.
    NotFound,
    /// 130: ended by SIGINT (Ctrl-C).
    Interrupted,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Config => 3,
            Self::Unreachable => 4,
            Self::NotFound => 5,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command stopped: a code, a message, and what to do about it.
#[derive(Debug)]
pub struct Stop {
    /// The exit code.
    pub exit: Exit,
    /// One or more lines; empty when everything was said already.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Stop {
    /// With that code and message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None }
    }

    /// A failure without a code of its own.
    pub fn failure(message: impl Into<String>) -> Self {
        Self::new(Exit::Failure, message)
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\nhelp: {hint}"))
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::failure(causes(error.as_ref()))
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::failure(causes(&error))
    }
}

/// An error with the chain of its causes on one line; a cause that repeats the one before is left out.
#[must_use]
pub fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_table() {
        let all =
            [Exit::Ok, Exit::Failure, Exit::Usage, Exit::Config, Exit::Unreachable, Exit::NotFound, Exit::Interrupted];
        assert_eq!(all.map(Exit::code), [0, 1, 2, 3, 4, 5, 130]);
    }

    #[test]
    fn a_stop_shows_its_hint_on_a_line_of_its_own() {
        let stop = Stop::failure("no").hint("say yes");
        assert_eq!(stop.to_string(), "no\nhelp: say yes");
        assert_eq!(Stop::failure("no").to_string(), "no");
    }

    #[test]
    fn causes_are_chained_without_repetition() {
        let inner = anyhow::anyhow!("disk full").context("writing").context("writing");
        assert_eq!(causes(inner.as_ref()), "writing: disk full");
    }
}
