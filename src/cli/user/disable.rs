//! `vestibule user disable` and `enable`: shuts a person out, and lets them in again.
//!
//! Owns: both commands. Does not own: what ends with it (`store`).

use std::time::Duration;

use clap::Args;

use crate::cli::data::{Opened, Where};
use crate::cli::exit::{Exit, Stop};
use crate::cli::output;

const DISABLE_EXAMPLES: &str = "\
Examples:
  vestibule user disable ada    ends sessions, refresh tokens and, within 2 seconds, access tokens";

const ENABLE_EXAMPLES: &str = "\
Examples:
  vestibule user enable ada    may sign in again; what ended stays ended";

/// Shut a person out at once, everywhere
#[derive(Debug, Args)]
#[command(before_help = DISABLE_EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct Disable {
    /// Username or e-mail address
    name: String,
    #[command(flatten)]
    place: Where,
}

/// Let a person in again
#[derive(Debug, Args)]
#[command(before_help = ENABLE_EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct Enable {
    /// Username or e-mail address
    name: String,
    #[command(flatten)]
    place: Where,
}

impl Disable {
    pub(super) async fn run(self) -> Result<Exit, Stop> {
        let username = set(&self.name, &self.place, true).await?;
        output::message(&format!(
            "{username} is shut out: sessions and refresh tokens have ended; backends that verify access tokens \
             offline accept those until they expire."
        ));
        Ok(Exit::Ok)
    }
}

impl Enable {
    pub(super) async fn run(self) -> Result<Exit, Stop> {
        let username = set(&self.name, &self.place, false).await?;
        output::message(&format!("{username} may sign in again; what ended when they were shut out stays ended."));
        Ok(Exit::Ok)
    }
}

/// The username as it is kept.
async fn set(name: &str, place: &Where, disabled: bool) -> Result<String, Stop> {
    let Opened { stores, clock, .. } = place.open().await?;
    let failed = |error| super::store_failed(&error);
    let user = super::find(&stores, name).await?;
    // What was begun in this very millisecond ends, too.
    let ends = clock.now().plus(Duration::from_millis(1));
    if !stores.users.set_disabled(user.id, disabled, ends).await.map_err(failed)? {
        return Err(super::nobody(name));
    }
    Ok(user.username.to_string())
}
