//! `vestibule user reset`: a new generated password for somebody who forgot theirs, or lost it to somebody else.
//!
//! Owns: that command. Does not own: what ends with it (`store`).

use std::time::Duration;

use clap::Args;

use crate::cli::data::{Opened, Where};
use crate::cli::exit::{Exit, Stop};
use crate::cli::output;
use crate::cli::user::generated::Generated;

const EXAMPLES: &str = "\
Examples:
  vestibule user reset ada                   prints a new password, good for 7 days
  vestibule user reset ada > password.txt    only the password goes to stdout";

/// Give a person a new password; ends what they have
///
/// The old password opens nothing any more, sessions and refresh tokens have ended, access tokens end within
/// 2 seconds. The new password is good for 7 days and for one thing: the first sign-in leads to a page where
/// the person sets their own.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct Reset {
    /// Username or e-mail address
    name: String,
    /// An object {id, username, password, password_expires_at}
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

impl Reset {
    pub(super) async fn run(self) -> Result<Exit, Stop> {
        let Opened { config, stores, clock } = self.place.open().await?;
        let user = super::find(stores.users.as_ref(), &self.name).await?;
        let generated = Generated::make(&config.passwords, clock.now()).await?;
        // What was begun in this very millisecond ends, too.
        let ends = clock.now().plus(Duration::from_millis(1));
        let reset = stores.users.reset_password(user.id, &generated.stored, ends).await;
        if !reset.map_err(|error| super::store_failed(&error))? {
            return Err(super::nobody(stores.users.as_ref(), &self.name).await);
        }
        if user.disabled {
            output::message(&format!(
                "warning: {0} is shut out: vestibule user enable {0} lets them in",
                user.username
            ));
        }
        let happened = format!("{} has a new password, and is signed out everywhere.", user.username);
        generated.report(&user, &happened, self.json)
    }
}
