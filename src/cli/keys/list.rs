//! `vestibule keys list`: every key.
//!
//! Owns: that command. Does not own: where a key stands (`model/key_line`).

use clap::Args;
use serde_json::Value;

use super::{chest, failed, object, until};
use crate::cli::data::Where;
use crate::cli::exit::{Exit, Stop};
use crate::cli::{output, times};
use crate::model::key_line::KeyState;
use crate::protocol::time::Timestamp;
use crate::tokens::KeyFacts;

const EXAMPLES: &str = "\
Examples:
  vestibule keys list
  vestibule keys list --json | jq -r '.[] | select(.state == \"active\") | .kid'";

/// List the keys; a key-encryption key with a question mark is not configured
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct List {
    /// An array of objects
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

impl List {
    pub(super) async fn run(self) -> Result<Exit, Stop> {
        let opened = self.place.open().await?;
        let (chest, now) = (chest(&opened)?, opened.clock.now());
        let keys = chest.list(now).await.map_err(|error| failed(&error))?;
        if self.json {
            let array: Value = keys.iter().map(object).collect();
            output::data(&format!("{array:#}"))?;
        } else if keys.is_empty() {
            output::message("There are no keys yet: a server makes them at its first start");
        } else {
            let head = ["KID", "FOR", "STATE", "", "SEALED BY"].map(str::to_owned).to_vec();
            let known: Vec<&str> = chest.kek_ids().collect();
            let rows = keys.iter().map(|key| row(key, &known, now));
            output::data(&output::table(&std::iter::once(head).chain(rows).collect::<Vec<_>>()))?;
        }
        Ok(Exit::Ok)
    }
}

fn row(key: &KeyFacts, known: &[&str], now: Timestamp) -> Vec<String> {
    let time = match (key.state, until(key.state)) {
        (KeyState::Pending, _) => format!("signs {}", times::distance(key.signs_from, now)),
        (_, Some(until)) => format!("gone {}", times::distance(until, now)),
        (_, None) => format!("since {}", times::instant(key.signs_from)),
    };
    let sealed_by = key
        .kek_id
        .as_deref()
        .map_or_else(|| "erased".to_owned(), |id| format!("{id}{}", if known.contains(&id) { "" } else { "?" }));
    vec![key.id.clone(), key.usage.as_str().to_owned(), key.state.as_str().to_owned(), time, sealed_by]
}
