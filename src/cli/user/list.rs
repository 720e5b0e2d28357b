//! `vestibule user list`: everybody.
//!
//! Owns: that command. Does not own: which roles there are (the configuration).

use clap::Args;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::cli::data::{Opened, Where};
use crate::cli::exit::{Exit, Stop};
use crate::cli::{output, times};
use crate::model::person::User;
use crate::model::registry::Registry;
use crate::passwords::scheme_of;
use crate::protocol::time::Timestamp;
use crate::store::UserStore;

/// How many are read at once.
const PAGE: u64 = 500;

const EXAMPLES: &str = "\
Examples:
  vestibule user list
  vestibule user list --json | jq -r '.[].username'";

/// List people; a role with a question mark is not in the configuration and gives nothing
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
        let Opened { config, stores, clock } = self.place.open().await?;
        let people = everybody(stores.users.as_ref()).await?;
        let now = clock.now();
        if self.json {
            let array: Value = people.iter().map(|user| object(user, &config.registry, now)).collect();
            output::data(&format!("{array:#}"))?;
        } else if people.is_empty() {
            output::message("There is nobody yet: vestibule user add NAME");
        } else {
            let head = ["USERNAME", "NAME", "E-MAIL", "ROLES", "PASSWORD", "ADDED"].map(str::to_owned).to_vec();
            let rows = people.iter().map(|user| row(user, &config.registry, now));
            output::data(&output::table(&std::iter::once(head).chain(rows).collect::<Vec<_>>()))?;
        }
        Ok(Exit::Ok)
    }
}

async fn everybody(users: &dyn UserStore) -> Result<Vec<User>, Stop> {
    let mut people: Vec<User> = Vec::new();
    loop {
        let after = people.last().map(|user| user.username.clone());
        let page = users.list(after.as_ref(), PAGE).await.map_err(|error| super::store_failed(&error))?;
        if page.is_empty() {
            return Ok(people);
        }
        people.extend(page);
    }
}

fn password_state(user: &User, now: Timestamp) -> &'static str {
    match user.password.as_ref().map(|password| password.generated_until) {
        None => "none",
        Some(None) => "set",
        Some(Some(until)) if until.is_over(now) => "expired",
        Some(Some(_)) => "generated",
    }
}

/// What the password is hashed with; none where a hash is not one that could be verified.
fn scheme(user: &User) -> Option<&'static str> {
    user.password.as_ref().and_then(|password| scheme_of(password.phc.expose_secret()).ok())
}

/// A person in words.
pub(super) struct Shown {
    /// Empty where there is none.
    pub(super) name: String,
    /// With a note where nobody proved it; empty where there is none.
    pub(super) email: String,
    /// With a question mark behind what the configuration does not have.
    pub(super) roles: String,
    /// In which state it is.
    pub(super) password: String,
}

impl Shown {
    /// Of that person, now.
    pub(super) fn of(user: &User, registry: &Registry, now: Timestamp) -> Self {
        let unknown = super::unknown(&user.roles, registry);
        let roles: Vec<String> =
            user.roles.iter().map(|role| format!("{role}{}", if unknown.contains(&role) { "?" } else { "" })).collect();
        let email = user.email.as_ref().map_or_else(String::new, |email| {
            format!("{}{}", email.as_str(), if user.email_verified { "" } else { " (unverified)" })
        });
        Self {
            name: user.name.clone().unwrap_or_default(),
            email,
            roles: roles.join(" "),
            password: password_state(user, now).to_owned(),
        }
    }
}

fn row(user: &User, registry: &Registry, now: Timestamp) -> Vec<String> {
    let shown = Shown::of(user, registry, now);
    let state = if user.disabled { "disabled" } else { &shown.password };
    [user.username.as_str(), &shown.name, &shown.email, &shown.roles, state, &times::instant(user.created_at)]
        .map(output::plain)
        .to_vec()
}

/// A person as JSON.
pub(super) fn object(user: &User, registry: &Registry, now: Timestamp) -> Value {
    json!({
        "id": user.id.to_string(),
        "username": user.username.as_str(),
        "name": user.name,
        "email": user.email,
        "email_verified": user.email_verified,
        "roles": user.roles,
        "unknown_roles": super::unknown(&user.roles, registry),
        "disabled": user.disabled,
        "password": password_state(user, now),
        "password_scheme": scheme(user),
        "created_at": user.created_at.seconds(),
    })
}
