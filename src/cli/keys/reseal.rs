//! `vestibule keys reseal`: every key, and the tokens of providers, under the first key-encryption key.
//!
//! Owns: that command. Does not own: sealing (`tokens`).

use clap::Args;
use serde_json::json;

use super::{chest, failed};
use crate::cli::data::Where;
use crate::cli::exit::{Exit, Stop};
use crate::cli::output;
use crate::tokens::Resealed;

const EXAMPLES: &str = "\
Examples:
  vestibule keys reseal --config /etc/vestibule    after a new key was put first in [keys] encryption_key";

/// Seal every key, and tokens that providers gave, with the first of [keys] encryption_key
///
/// Afterwards the others of the list open nothing any more and can be removed. Servers that run are not
/// disturbed.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct Reseal {
    /// One object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

impl Reseal {
    pub(super) async fn run(self) -> Result<Exit, Stop> {
        let opened = self.place.open().await?;
        let chest = chest(&opened)?;
        let resealed = chest.reseal().await.map_err(|error| failed(&error))?;
        let of_providers = chest.reseal_provider_tokens(opened.stores.provider_tokens.as_ref()).await;
        let of_providers = of_providers.map_err(|error| failed(&error))?;
        let first = chest.kek_ids().next().unwrap_or_default();
        if self.json {
            let object = json!({
                "kek_id": first,
                "changed": resealed.changed,
                "total": resealed.total,
                "provider_tokens": { "changed": of_providers.changed, "total": of_providers.total },
            });
            output::data(&format!("{object:#}"))?;
        } else {
            output::data(&line(resealed, "keys", first))?;
            if of_providers.total > 0 {
                output::data(&line(of_providers, "identities' tokens", first))?;
            }
        }
        Ok(Exit::Ok)
    }
}

fn line(resealed: Resealed, what: &str, first: &str) -> String {
    let Resealed { changed, total } = resealed;
    format!("{changed} sealed anew: all {total} {what} are sealed by {first}")
}
