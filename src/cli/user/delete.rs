//! `vestibule user delete`: erases a person.
//!
//! Owns: that command and its question. Does not own: what is erased (`store`).

use clap::Args;

use crate::cli::data::{Opened, Where};
use crate::cli::exit::{Exit, Stop};
use crate::cli::{output, prompt};

const EXAMPLES: &str = "\
Examples:
  vestibule user delete ada          asks first
  vestibule user delete ada --yes    for scripts";

/// Erase a person: name, address, password, consents, grants
///
/// Cannot be undone. Sessions and refresh tokens have ended with it, access tokens end within 2 seconds. Only
/// the id is kept, so that nobody else gets it: whoever is added under the same name is somebody else.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct Delete {
    /// Username or e-mail address
    name: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Where,
}

impl Delete {
    pub(super) async fn run(self) -> Result<Exit, Stop> {
        let Opened { stores, clock, .. } = self.place.open().await?;
        let user = super::find(stores.users.as_ref(), &self.name).await?;
        if !self.yes {
            let shown = user.name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
            let question = format!("Delete {}{shown} for good?", user.username);
            if !prompt::confirm(&output::plain(&question)).await? {
                return Err(Stop::failure("nobody was deleted"));
            }
        }
        // Somebody who was deleted meanwhile is as gone.
        stores.users.delete(user.id, clock.now()).await.map_err(|error| super::store_failed(&error))?;
        output::message(&format!(
            "{} was deleted; backends that verify access tokens offline accept those until they expire.",
            user.username
        ));
        Ok(Exit::Ok)
    }
}
