//! Questions to a person, and secrets from stdin: the way in for what must not be an argument.
//!
//! Owns: reading a line, without echo for secrets. Does not own: what is asked.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::cli::exit::{Exit, Stop};
use crate::cli::output;

/// The longest line that is read: more than any password, secret or token of ours.
const LONGEST_LINE: u64 = 64 * 1024;

/// Asks on stderr and reads a line from stdin.
///
/// # Errors
/// When stdin is at its end, or what was typed is empty.
pub async fn line(question: &str) -> Result<String, Stop> {
    if io::stdin().is_terminal() {
        output::ask(question);
    }
    read_line(question).await.map(|line| line.as_str().to_owned())
}

/// Asks on stderr and reads a line from stdin; an empty one is the default.
///
/// # Errors
/// When stdin cannot be read.
pub async fn line_or(question: &str, default: &str) -> Result<String, Stop> {
    output::ask(question);
    let line = read().await?;
    Ok(if line.is_empty() { default.to_owned() } else { line.as_str().to_owned() })
}

/// Asks on stderr for a yes or no about what cannot be undone; anything but a yes is a no.
///
/// # Errors
/// Where nobody is at a terminal to answer: `--yes` is needed then.
pub async fn confirm(question: &str) -> Result<bool, Stop> {
    if !io::stdin().is_terminal() {
        return Err(Stop::new(Exit::Usage, "this cannot be undone, and nobody is there to confirm it")
            .hint("run it in a terminal, or add --yes"));
    }
    output::ask(&format!("{question} [y/N] "));
    let answer = read().await?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Asks on stderr and reads a secret from stdin: a terminal does not show what is typed, a pipe is read
/// to the end of its line.
///
/// # Errors
/// When stdin is at its end, or what was typed is empty.
pub async fn secret(question: &str) -> Result<SecretString, Stop> {
    if !io::stdin().is_terminal() {
        return read_line(question).await.map(|line| SecretString::from(line.as_str()));
    }
    output::ask(question);
    let hidden = EchoOff::start();
    let line = read_line(question).await;
    drop(hidden);
    line.map(|line| SecretString::from(line.as_str()))
}

/// The secret in a file: its content without the line end.
///
/// # Errors
/// When the file cannot be read or is empty.
pub fn secret_file(path: &Path) -> Result<SecretString, Stop> {
    let content = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| Stop::new(Exit::NotFound, format!("{} cannot be read: {error}", path.display())))?;
    let secret = content.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(Stop::failure(format!("{} is empty", path.display())));
    }
    Ok(SecretString::from(secret))
}

/// A line that is not empty.
async fn read_line(question: &str) -> Result<Zeroizing<String>, Stop> {
    let line = read().await?;
    if line.is_empty() {
        let what = question.trim_end_matches([':', ' ']).to_lowercase();
        return Err(Stop::new(Exit::Usage, format!("no {what} was given"))
            .hint(format!("type it when asked, or write it to stdin: … | vestibule … (one line for the {what})")));
    }
    Ok(line)
}

async fn read() -> Result<Zeroizing<String>, Stop> {
    // A blocking thread: stdin has no other way, and Ctrl-C must still be heard meanwhile.
    let read = tokio::task::spawn_blocking(|| {
        let mut line = Zeroizing::new(String::new());
        io::stdin().lock().take(LONGEST_LINE).read_line(&mut line).map(|_| line)
    });
    let line = read
        .await
        .map_err(|error| Stop::failure(error.to_string()))?
        .map_err(|error| Stop::failure(format!("stdin cannot be read: {error}")))?;
    Ok(Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// While it lives, the terminal on stdin does not show what is typed. Dropped on every way out, Ctrl-C
/// included, so that the shell afterwards is as before.
struct EchoOff(Option<Termios>);

impl EchoOff {
    fn start() -> Self {
        let Ok(before) = tcgetattr(io::stdin()) else { return Self(None) };
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        Self(tcsetattr(io::stdin(), OptionalActions::Flush, &hidden).ok().map(|()| before))
    }
}

impl Drop for EchoOff {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
            // The line end that was typed was not shown either.
            output::message("");
        }
    }
}
