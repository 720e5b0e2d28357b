//! `vestibule client`: applications, from the side of an admin.
//!
//! Owns: what its commands share. Does not own: each command (one file each), or the clients themselves,
//! which live in the configuration.

mod describe;
mod explain;
mod list;
mod new;
mod reasons;
mod secret;

use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::cli::exit::{Exit, Stop};
use crate::cli::output;
use crate::config::nearest;
use crate::model::client::Client as Registered;
use crate::model::registry::Registry;

const EXAMPLES: &str = "\
Examples:
  vestibule client new shop --redirect-uri https://shop.example.com/callback    its table, ready to paste
  vestibule client new job --type service --scope read:users --write config/job.toml
  vestibule client list
  vestibule client explain shop --user ada        which scopes a token would have, and why not the others
  vestibule client secret";

/// Work on clients: make, list, explain
///
/// Reads the running development server's configuration, or that of --data DIR or --config DIR.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = super::TEMPLATE, disable_help_subcommand = true)]
pub struct Client {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::New),
    List(list::List),
    Explain(explain::Explain),
    Secret(secret::Secret),
}

impl Client {
    /// Runs the command under it.
    ///
    /// # Errors
    /// As the command does.
    pub async fn run(self) -> Result<Exit, Stop> {
        match self.command {
            Command::New(command) => command.run(),
            Command::List(command) => command.run(),
            Command::Explain(command) => command.run().await,
            Command::Secret(command) => command.run(),
        }
    }
}

/// A client of that id, enabled or not.
///
/// # Errors
/// Exit 5, with the id that was meant if one is near.
fn find<'r>(registry: &'r Registry, id: &str) -> Result<&'r Arc<Registered>, Stop> {
    let ids = || registry.clients().map(|client| client.client_id.as_str());
    let found = registry.clients().find(|client| client.client_id.as_str() == id);
    found.ok_or_else(|| {
        let stop = Stop::new(Exit::NotFound, format!("there is no client {}", output::plain(id)));
        let all: Vec<&str> = ids().collect();
        match nearest(id, ids()) {
            Some(meant) => stop.hint(format!("did you mean {meant}? vestibule client list shows every client")),
            None if all.is_empty() => stop.hint("the configuration has no client: vestibule client new makes one"),
            None => stop.hint(format!("there are {}", all.join(", "))),
        }
    })
}
