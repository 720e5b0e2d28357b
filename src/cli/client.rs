//! `vestibule client`: what is needed to register a client in the configuration.
//!
//! Owns: `client secret`. Does not own: clients themselves, which live in the configuration.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::exit::{Exit, Stop};
use crate::cli::output;
use crate::clock::system_rng;
use crate::protocol::opaque::OpaqueToken;

const EXAMPLES: &str = "\
Examples:
  vestibule client secret                        a secret for the client, its hash for the configuration
  vestibule client secret --json | jq -r .client_secret";

/// Work on clients
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = super::TEMPLATE, disable_help_subcommand = true)]
pub struct Client {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Secret(Secret),
}

/// Make a client secret: the secret for the client, the hash for the configuration
///
/// The secret is shown once and kept nowhere. The hash is safe in git; a client may have two of them while
/// its secret is being changed.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = super::TEMPLATE)]
struct Secret {
    /// An object {client_secret, client_secret_hash}
    #[arg(long)]
    json: bool,
}

impl Client {
    /// Runs the command under it.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn run(self) -> Result<Exit, Stop> {
        let Command::Secret(command) = self.command;
        let secret = OpaqueToken::generate(&mut system_rng());
        let hash = format!("sha256:{}", secret.hash().to_hex());
        if command.json {
            output::data(&json!({ "client_secret": secret.expose(), "client_secret_hash": hash }).to_string())?;
        } else {
            output::data(&format!("{}\nclient_secret_hash = \"{hash}\"", secret.expose()))?;
            output::message("The first line is for the client, the second for its [[clients]] table.");
        }
        Ok(Exit::Ok)
    }
}
