//! `vestibule keys`: the keys that sign, from the side of an operator.
//!
//! Owns: what its commands share. Does not own: each command (one file each), the life of a key
//! (`model/key_line`), sealing (`tokens`).

mod list;
mod reseal;
mod revoke;
mod rotate;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::data::Opened;
use crate::cli::exit::{Exit, Stop, causes};
use crate::model::key_line::KeyState;
use crate::model::sealed_key::KeyUse;
use crate::protocol::time::Timestamp;
use crate::tokens::{KeyChest, KeyFacts, TokenError};

const EXAMPLES: &str = "\
Examples:
  vestibule keys list                    every key, where it stands, and what seals it
  vestibule keys rotate                  new signing keys, published now, signing once everybody has them
  vestibule keys revoke KID              a key that leaked: nothing that it signed counts any more
  vestibule keys reseal                  seals every key with the first of [keys] encryption_key";

/// Work on the keys that sign tokens: list, rotate, revoke, seal anew
///
/// Works on the running development server's keys, or on those of --data DIR or --config DIR. Servers that
/// run meanwhile take a change over within 2 seconds, without a restart.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = super::TEMPLATE, disable_help_subcommand = true)]
pub struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Rotate(rotate::Rotate),
    Revoke(revoke::Revoke),
    Reseal(reseal::Reseal),
}

impl Keys {
    /// Runs the command under it.
    ///
    /// # Errors
    /// As the command does.
    pub async fn run(self) -> Result<Exit, Stop> {
        match self.command {
            Command::List(command) => command.run().await,
            Command::Rotate(command) => command.run().await,
            Command::Revoke(command) => command.run().await,
            Command::Reseal(command) => command.run().await,
        }
    }
}

/// The chest of opened data.
fn chest(opened: &Opened) -> Result<KeyChest<'_>, Stop> {
    KeyChest::new(&opened.config.keys, opened.stores.keys.as_ref()).map_err(|error| failed(&error))
}

/// How a command ends that the keys did not let do its work.
fn failed(error: &TokenError) -> Stop {
    let stop = Stop::failure(causes(error));
    match error {
        TokenError::Sealed { .. } => {
            stop.hint("add the key-encryption key of that id to [keys] encryption_key; nothing was changed")
        }
        TokenError::SealedTokens { .. } => stop.hint(
            "add the key-encryption key of that id to [keys] encryption_key; the keys are sealed anew, some tokens \
             are not, and the next sign-in of that identity replaces its own",
        ),
        TokenError::Contended => stop.hint("try it again"),
        _ => stop,
    }
}

/// What a key is for, in words.
const fn word(usage: KeyUse) -> &'static str {
    match usage {
        KeyUse::Signing(_) => "signing",
        KeyUse::Refresh | KeyUse::Throttle => usage.as_str(),
    }
}

/// A key as JSON; instants are seconds since the epoch.
fn object(key: &KeyFacts) -> Value {
    let alg = match key.usage {
        KeyUse::Signing(algorithm) => Some(algorithm.as_str()),
        KeyUse::Refresh | KeyUse::Throttle => None,
    };
    json!({
        "kid": key.id,
        "use": word(key.usage),
        "alg": alg,
        "state": key.state.as_str(),
        "created_at": key.created_at.seconds(),
        "signs_from": key.signs_from.seconds(),
        "until": until(key.state).map(Timestamp::seconds),
        "kek_id": key.kek_id,
    })
}

/// When a key's state ends by itself, as far as is known.
const fn until(state: KeyState) -> Option<Timestamp> {
    match state {
        KeyState::Retired { until } | KeyState::Past { until } | KeyState::Revoked { until } => Some(until),
        KeyState::Pending | KeyState::Active | KeyState::Gone => None,
    }
}
