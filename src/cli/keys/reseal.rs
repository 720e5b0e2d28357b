//! `vestibule keys reseal`: every key under the first key-encryption key.
//!
//! Owns: that command. Does not own: sealing (`tokens`).

use clap::Args;
use serde_json::json;

use super::{chest, failed};
use crate::cli::data::Where;
use crate::cli::exit::{Exit, Stop};
use crate::cli::output;

const EXAMPLES: &str = "\
Examples:
  vestibule keys reseal --config /etc/vestibule    after a new key was put first in [keys] encryption_key";

/// Seal every key with the first of [keys] encryption_key
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
        let first = chest.kek_ids().next().unwrap_or_default();
        if self.json {
            let object = json!({"kek_id": first, "changed": resealed.changed, "total": resealed.total});
            output::data(&format!("{object:#}"))?;
        } else {
            let (changed, total) = (resealed.changed, resealed.total);
            output::data(&format!("{changed} sealed anew: all {total} keys are sealed by {first}"))?;
        }
        Ok(Exit::Ok)
    }
}
