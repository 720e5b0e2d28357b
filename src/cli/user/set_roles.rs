//! `vestibule user set-roles`: replaces the roles of a person.
//!
//! Owns: that command. Does not own: what a role gives (the configuration).

use clap::Args;

use crate::cli::data::{Opened, Where};
use crate::cli::exit::{Exit, Stop};
use crate::cli::output;
use crate::protocol::ids::RoleName;

const EXAMPLES: &str = "\
Examples:
  vestibule user set-roles ada editor admin    exactly these two
  vestibule user set-roles ada --none          none, beside those that everybody has";

/// Replace the roles of a person
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct SetRoles {
    /// Username or e-mail address
    name: String,
    /// Every role the person shall have
    #[arg(value_name = "ROLE", value_parser = super::role, required_unless_present = "none", conflicts_with = "none")]
    roles: Vec<RoleName>,
    /// Take all roles away
    #[arg(long)]
    none: bool,
    #[command(flatten)]
    place: Where,
}

impl SetRoles {
    pub(super) async fn run(self) -> Result<Exit, Stop> {
        let Opened { config, stores, clock } = self.place.open().await?;
        let user = super::find(&stores, &self.name).await?;
        let roles = super::each_once(&self.roles);
        if !stores.users.set_roles(user.id, &roles, clock.now()).await.map_err(|error| super::store_failed(&error))? {
            return Err(super::nobody(&self.name));
        }
        super::warn_of_unknown(&roles, &config.registry);
        let shown: Vec<&str> = roles.iter().map(RoleName::as_str).collect();
        let shown = if shown.is_empty() { "no roles".to_owned() } else { shown.join(" ") };
        output::message(&format!(
            "{} has {shown} now; tokens issued before keep their scopes until they expire.",
            user.username
        ));
        Ok(Exit::Ok)
    }
}
