//! `vestibule client secret`: a secret for a client, and its hash for the configuration.
//!
//! Owns: that command, and making the pair. Does not own: the table it goes into (`new`).

use clap::Args;
use serde_json::json;

use crate::cli::exit::{Exit, Stop};
use crate::cli::output;
use crate::clock::system_rng;
use crate::protocol::opaque::OpaqueToken;

const EXAMPLES: &str = "\
Examples:
  vestibule client secret                        a secret for the client, its hash for the configuration
  vestibule client secret --json | jq -r .client_secret";

/// Make a client secret: the secret for the client, the hash for the configuration
///
/// The secret is shown once and kept nowhere. The hash is safe in git; a client may have two of them while
/// its secret is being changed.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct Secret {
    /// An object {client_secret, client_secret_hash}
    #[arg(long)]
    json: bool,
}

impl Secret {
    pub(super) fn run(self) -> Result<Exit, Stop> {
        let (secret, hash) = generate();
        if self.json {
            output::data(&json!({ "client_secret": secret.expose(), "client_secret_hash": hash }).to_string())?;
        } else {
            output::data(&format!("{}\nclient_secret_hash = \"{hash}\"", secret.expose()))?;
            output::message("The first line is for the client, the second for its [[clients]] table.");
        }
        Ok(Exit::Ok)
    }
}

/// A secret, and its hash as the configuration has it.
pub(super) fn generate() -> (OpaqueToken, String) {
    let secret = OpaqueToken::generate(&mut system_rng());
    let hash = format!("sha256:{}", secret.hash().to_hex());
    (secret, hash)
}
