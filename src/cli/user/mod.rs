//! `vestibule user`: people, from the side of an admin.
//!
//! Owns: what its commands share. Does not own: each command (one file each).

mod add;
mod contact;
mod delete;
mod disable;
mod generated;
mod import;
mod list;
mod reset;
mod set_roles;
mod show;

use clap::{Args, Subcommand};

use crate::cli::exit::{Exit, Stop, causes};
use crate::cli::output;
use crate::config::nearest;
use crate::model::person::{LoginName, User as Person};
use crate::model::registry::Registry;
use crate::protocol::ids::RoleName;
use crate::store::{StoreError, UserStore};

const EXAMPLES: &str = "\
Examples:
  vestibule user add ada --email ada@example.com --role editor    prints a password, good for 7 days
  vestibule user import people.csv
  vestibule user list
  vestibule user set-roles ada editor admin
  vestibule user disable ada                                      ends everything they have, everywhere
  vestibule user reset ada                                        prints a new password, good for 7 days";

/// Work on people: add, import, show, set their roles, shut out and let in, reset, delete
///
/// Works on the running development server's people, or on those of --data DIR or --config DIR; the server
/// may run meanwhile.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = super::TEMPLATE, disable_help_subcommand = true)]
pub struct User {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(Box<add::Add>),
    Import(import::Import),
    List(list::List),
    Show(show::Show),
    SetRoles(set_roles::SetRoles),
    Disable(disable::Disable),
    Enable(disable::Enable),
    Reset(reset::Reset),
    Delete(delete::Delete),
}

impl User {
    /// Runs the command under it.
    ///
    /// # Errors
    /// As the command does.
    pub async fn run(self) -> Result<Exit, Stop> {
        match self.command {
            Command::Add(command) => command.run().await,
            Command::Import(command) => command.run().await,
            Command::List(command) => command.run().await,
            Command::Show(command) => command.run().await,
            Command::SetRoles(command) => command.run().await,
            Command::Disable(command) => command.run().await,
            Command::Enable(command) => command.run().await,
            Command::Reset(command) => command.run().await,
            Command::Delete(command) => command.run().await,
        }
    }
}

/// Somebody by the name they sign in with.
///
/// # Errors
/// Exit 5, with the name that was meant if one is near.
pub(in crate::cli) async fn find(users: &dyn UserStore, name: &str) -> Result<Person, Stop> {
    let found = users.find_by_login(&LoginName::read(name)).await.map_err(|error| store_failed(&error))?;
    match found {
        Some(user) => Ok(user),
        None => Err(nobody(users, name).await),
    }
}

/// There is nobody of that name; among the first people one may be near.
async fn nobody(users: &dyn UserStore, name: &str) -> Stop {
    let stop = Stop::new(Exit::NotFound, format!("there is nobody named {}", output::plain(name)));
    let known = users.list(None, 500).await.unwrap_or_default();
    match nearest(name, known.iter().map(|user| user.username.as_str())) {
        Some(meant) => stop.hint(format!("did you mean {meant}? vestibule user list shows everybody")),
        None => stop.hint("vestibule user list shows everybody"),
    }
}

/// Reads a role of the command line.
fn role(text: &str) -> Result<RoleName, String> {
    RoleName::parse(text).ok_or_else(|| "a role name is 1 to 64 characters of A-Z a-z 0-9 _ . : -".to_owned())
}

/// The roles, each once, in their order.
fn each_once(roles: &[RoleName]) -> Vec<RoleName> {
    let mut once: Vec<RoleName> = Vec::new();
    for role in roles {
        if !once.contains(role) {
            once.push(role.clone());
        }
    }
    once
}

/// Says which roles the configuration does not have: they are kept, and give nothing.
fn warn_of_unknown(roles: &[RoleName], registry: &Registry) {
    for role in unknown(roles, registry) {
        output::message(&format!(
            "warning: no role is named {role}: it gives nothing until the configuration has [[roles]] name = \"{role}\""
        ));
    }
}

/// Roles that the configuration does not have.
fn unknown<'a>(roles: &'a [RoleName], registry: &Registry) -> Vec<&'a RoleName> {
    roles.iter().filter(|name| !registry.roles().iter().any(|role| role.name == **name)).collect()
}

fn store_failed(error: &StoreError) -> Stop {
    Stop::failure(causes(error))
}
