//! The command line: one file a command.
//!
//! Owns: which commands there are, their help, and how they end (docs/cli.md). Does not own: what the
//! server does (`startup`). Data goes to stdout, everything else to stderr; no secret is ever an argument.

pub mod check;
pub mod client;
pub mod completions;
pub mod config;
pub mod data;
pub mod dev;
pub mod exit;
pub mod healthcheck;
pub mod http;
pub mod init;
pub mod keys;
pub mod migrate;
pub mod output;
pub mod private_file;
pub mod prompt;
pub mod serve;
pub mod signals;
pub mod times;
pub mod token;
pub mod user;

use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::cli::exit::{Exit, Stop};
use crate::telemetry;

/// Every help text begins with examples: people copy them.
const TEMPLATE: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

const EXAMPLES: &str = "\
Examples:
  vestibule dev                       a server with demo people and clients, nothing to configure
  vestibule token                     sign in to it in the browser and get a token
  vestibule init                      a configuration of your own in ./config
  vestibule check --config ./config   every mistake of a configuration at once
  vestibule serve --config ./config   the server for real use";

const EXIT_CODES: &str = "\
Exit codes:
  0 ok · 1 failure · 2 usage · 3 configuration invalid · 4 cannot reach or bind · 5 not found · 130 Ctrl-C

Data goes to stdout; logs, questions and messages to stderr. NO_COLOR is respected.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "vestibule",
    version,
    about = "An OAuth 2 / OpenID Connect authorization server",
    before_help = EXAMPLES,
    after_help = EXIT_CODES,
    help_template = TEMPLATE,
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Dev(dev::Dev),
    Serve(serve::Serve),
    Init(init::Init),
    Check(check::Check),
    Config(config::Config),
    Migrate(migrate::Migrate),
    User(user::User),
    Client(client::Client),
    Keys(keys::Keys),
    Token(token::Token),
    Healthcheck(healthcheck::Healthcheck),
    Completions(completions::Completions),
}

/// Reads the command line, runs the command, says why it stopped.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&Stop::failure(format!("the runtime did not start: {error}"))),
    };
    let outcome = runtime.block_on(arguments.command.run());
    // A thread that still waits for a line of stdin must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(100));
    telemetry::flush();
    match outcome {
        Ok(exit) => exit.into(),
        Err(stop) => report(&stop),
    }
}

impl Command {
    async fn run(self) -> Result<Exit, Stop> {
        match self {
            Self::Dev(command) => command.run().await,
            Self::Serve(command) => command.run().await,
            Self::Init(command) => command.run().await,
            Self::Check(command) => command.run().await,
            Self::Config(command) => command.run(),
            Self::Migrate(command) => command.run().await,
            Self::User(command) => command.run().await,
            Self::Client(command) => command.run().await,
            Self::Keys(command) => command.run().await,
            Self::Token(command) => command.run().await,
            Self::Healthcheck(command) => command.run().await,
            Self::Completions(command) => command.run(&mut Arguments::command()),
        }
    }
}

fn report(stop: &Stop) -> ExitCode {
    let (red, cyan, off) = if output::stderr_has_color() { ("\x1b[31m", "\x1b[36m", "\x1b[0m") } else { ("", "", "") };
    if !stop.message.is_empty() {
        output::message(&format!("{red}error:{off} {}", stop.message));
    }
    if let Some(hint) = &stop.hint {
        output::message(&format!("{cyan}help:{off} {hint}"));
    }
    stop.exit.into()
}

/// The environment, as configuration and the command line read it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where the command line reads the environment")]
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// This program as it was called, so that a printed command works where it is read.
#[must_use]
pub fn program() -> String {
    std::env::args().next().filter(|name| !name.is_empty()).unwrap_or_else(|| "vestibule".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_command() -> Vec<clap::Command> {
        fn collect(command: &clap::Command, all: &mut Vec<clap::Command>) {
            all.push(command.clone());
            command.get_subcommands().for_each(|sub| collect(sub, all));
        }
        let mut all = Vec::new();
        collect(&Arguments::command(), &mut all);
        all
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples_before_its_usage() {
        for mut command in every_command() {
            let help = command.render_long_help().to_string();
            let examples = help.find("Examples:").unwrap_or_else(|| panic!("no examples: {help}"));
            let usage = help.find("Usage:").unwrap_or_else(|| panic!("no usage: {help}"));
            assert!(examples < usage, "{help}");
        }
    }

    #[test]
    fn no_option_takes_a_secret_itself() {
        for command in every_command() {
            for argument in command.get_arguments() {
                let name = argument.get_long().unwrap_or_default();
                let secret = ["password", "secret", "key", "token"].iter().any(|word| name.contains(word));
                assert!(!secret || name.ends_with("-file"), "--{name} of {}", command.get_name());
            }
        }
    }
}
