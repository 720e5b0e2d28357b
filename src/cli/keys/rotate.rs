//! `vestibule keys rotate`: the keys that sign next.
//!
//! Owns: that command. Does not own: when a key signs (`model/key_line`).

use clap::Args;
use serde_json::{Value, json};

use super::{chest, failed, object};
use crate::cli::data::Where;
use crate::cli::exit::{Exit, Stop};
use crate::cli::{output, times};
use crate::model::key_line::{Ahead, KeyState};
use crate::model::sealed_key::KeyUse;
use crate::model::signing_key::Algorithm;
use crate::protocol::time::Timestamp;
use crate::tokens::Rotated;

const EXAMPLES: &str = "\
Examples:
  vestibule keys rotate                a new key of each algorithm in use; signs in 6 minutes
  vestibule keys rotate --alg ES256    of that one alone
  vestibule keys rotate --now          signs in 10 seconds, for a hurry
  vestibule keys rotate --refresh      the key of refresh tokens; tokens of the old one go on working";

/// Make the keys that sign next
///
/// A new key is published at once and signs when everybody who keeps /jwks has it. The old one stays
/// published until the last token that it signed is over. Where a key is waiting already, no second is made.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct Rotate {
    /// One algorithm: RS256, ES256, PS256 or EdDSA [default: each that the configuration uses]
    #[arg(long, value_name = "ALG", value_parser = algorithm, conflicts_with = "refresh")]
    alg: Option<Algorithm>,
    /// The key of refresh tokens instead of signing keys
    #[arg(long)]
    refresh: bool,
    /// Sign as soon as every server has the key, though some backends may not have it yet
    #[arg(long)]
    now: bool,
    /// An array of objects
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

fn algorithm(text: &str) -> Result<Algorithm, String> {
    Algorithm::parse(text).ok_or_else(|| "an algorithm is RS256, ES256, PS256 or EdDSA".to_owned())
}

impl Rotate {
    pub(super) async fn run(self) -> Result<Exit, Stop> {
        let opened = self.place.open().await?;
        let chest = chest(&opened)?;
        let uses: Vec<KeyUse> = match (self.refresh, self.alg) {
            (true, _) => vec![KeyUse::Refresh],
            (false, Some(algorithm)) => vec![KeyUse::Signing(algorithm)],
            (false, None) => opened.config.registry.algorithms().into_iter().map(KeyUse::Signing).collect(),
        };
        let ahead = if self.now { Ahead::Hasty } else { Ahead::Usual };
        // One instant for all of it, so that what is shown is what was made.
        let now = opened.clock.now();
        let mut rotated = Vec::with_capacity(uses.len());
        for usage in uses {
            rotated.push(chest.rotate(usage, ahead, now).await.map_err(|error| failed(&error))?);
        }
        if self.json {
            let array: Value = rotated.iter().map(told).collect();
            output::data(&format!("{array:#}"))?;
        } else {
            output::data(&output::table(&rotated.iter().map(|rotated| row(rotated, now)).collect::<Vec<_>>()))?;
        }
        if self.now && !self.refresh {
            output::message(
                "Backends that keep /jwks and do not ask again for a key they lack refuse new tokens for up to 5 minutes.",
            );
        }
        Ok(Exit::Ok)
    }
}

const fn outcome(rotated: &Rotated) -> &'static str {
    match rotated {
        Rotated::Made(_) => "made",
        Rotated::Hastened(_) => "hastened",
        Rotated::Waiting(_) => "waiting",
    }
}

fn told(rotated: &Rotated) -> Value {
    output::with(object(rotated.key()), json!({ "outcome": outcome(rotated) }))
}

fn row(rotated: &Rotated, now: Timestamp) -> Vec<String> {
    let key = rotated.key();
    let when = match key.state {
        KeyState::Active => "signs now".to_owned(),
        _ => format!("signs from {}", times::instant_and_distance(key.signs_from, now)),
    };
    let note = match rotated {
        Rotated::Made(_) => "",
        Rotated::Hastened(_) => "was waiting, and signs sooner now",
        Rotated::Waiting(_) => "was waiting already",
    };
    vec![key.id.clone(), key.usage.as_str().to_owned(), when, note.to_owned()]
}
