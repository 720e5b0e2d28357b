//! `vestibule user`: people, from the side of an admin.
//!
//! Owns: what its commands share. Does not own: each command (one file each).

mod add;
mod contact;
mod disable;
mod import;
mod list;
mod set_roles;

use clap::{Args, Subcommand};

use crate::cli::exit::{Exit, Stop, causes};
use crate::cli::output;
use crate::model::registry::Registry;
use crate::protocol::ids::RoleName;
use crate::store::StoreError;

const EXAMPLES: &str = "\
Examples:
  vestibule user add ada --email ada@example.com --role editor    prints a password, good for 7 days
  vestibule user import people.csv
  vestibule user list
  vestibule user set-roles ada editor admin
  vestibule user disable ada                                      ends everything they have, everywhere";

/// Work on people: add, import, list, set their roles, shut out and let in
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
    SetRoles(set_roles::SetRoles),
    Disable(disable::Disable),
    Enable(disable::Enable),
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
            Command::SetRoles(command) => command.run().await,
            Command::Disable(command) => command.run().await,
            Command::Enable(command) => command.run().await,
        }
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
