//! `vestibule user add`: a new person with a generated password.
//!
//! Owns: that command. Does not own: what a generated password opens (`passwords`, the pages).

use std::time::Duration;

use clap::Args;
use rand::CryptoRng;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::cli::data::{Opened, Where};
use crate::cli::exit::{Exit, Stop};
use crate::cli::user::contact::ContactArgs;
use crate::cli::{output, times};
use crate::clock::{system_rng, uuid_v7};
use crate::model::person::{Contact, Email, StoredPassword, User, Username};
use crate::passwords::{self, PasswordHasher};
use crate::protocol::ids::{RoleName, UserId};
use crate::protocol::time::Timestamp;
use crate::store::UserInserted;

/// How long a generated password leads to the page where the person sets their own.
const GOOD_FOR: Duration = Duration::from_hours(7 * 24);

const EXAMPLES: &str = "\
Examples:
  vestibule user add ada
  vestibule user add ada --email ada@example.com --email-verified --name 'Ada Lovelace' --role editor
  vestibule user add ada > password.txt      only the password goes to stdout";

/// Add a person; prints a generated password
///
/// The password is good for 7 days and for one thing: the first sign-in leads to a page where the person
/// sets their own.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES, help_template = crate::cli::TEMPLATE)]
pub(super) struct Add {
    /// Username: 1 to 64 characters, no @ and no white space; case does not matter
    #[arg(value_name = "NAME", value_parser = username)]
    username: Username,
    /// E-mail address, with which the person may sign in too
    #[arg(long, value_parser = email)]
    email: Option<Email>,
    /// The address is known to be this person's
    #[arg(long, requires = "email")]
    email_verified: bool,
    /// Name as shown
    #[arg(long, value_parser = shown_name)]
    name: Option<String>,
    #[command(flatten)]
    contact: ContactArgs,
    /// Role; may be given several times
    #[arg(long = "role", value_name = "ROLE", value_parser = super::role)]
    roles: Vec<RoleName>,
    /// An object {id, username, password, password_expires_at}
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Where,
}

impl Add {
    pub(super) async fn run(self) -> Result<Exit, Stop> {
        let contact = self.contact.contact().map_err(|why| Stop::new(Exit::Usage, why))?;
        let Opened { config, stores, clock } = self.place.open().await?;
        let now = clock.now();
        let password = passwords::generate(&mut system_rng());
        let hasher = PasswordHasher::start(&config.passwords).map_err(Stop::failure)?;
        let phc = hasher.hash(password.clone()).await.map_err(anyhow::Error::from)?;
        let user = self.person(phc, contact, now, &mut system_rng());
        match stores.users.insert(&user).await.map_err(|error| super::store_failed(&error))? {
            UserInserted::New => {}
            UserInserted::UsernameTaken => {
                return Err(Stop::failure(format!("there is a person named {} already", self.username))
                    .hint("vestibule user list shows everybody; vestibule user set-roles changes roles"));
            }
            UserInserted::EmailTaken => return Err(Stop::failure("another person has that e-mail address")),
        }
        super::warn_of_unknown(&user.roles, &config.registry);
        self.report(&user, &password, now)
    }

    fn person(&self, phc: SecretString, contact: Contact, now: Timestamp, rng: &mut impl CryptoRng) -> User {
        User {
            id: UserId(uuid_v7(now, rng)),
            username: self.username.clone(),
            email: self.email.clone(),
            email_verified: self.email_verified,
            name: self.name.clone(),
            contact,
            roles: super::each_once(&self.roles),
            password: Some(StoredPassword { phc, generated_until: Some(now.plus(GOOD_FOR)) }),
            disabled: false,
            created_at: now,
            updated_at: now,
            valid_from: now,
        }
    }

    fn report(&self, user: &User, password: &SecretString, now: Timestamp) -> Result<Exit, Stop> {
        let until = now.plus(GOOD_FOR);
        if self.json {
            let object = json!({
                "id": user.id.to_string(),
                "username": user.username.as_str(),
                "password": password.expose_secret(),
                "password_expires_at": until.seconds(),
            });
            output::data(&object.to_string())?;
        } else {
            output::message(&format!(
                "{} was added. The password is good until {}; the first sign-in leads to a page to set another.",
                user.username,
                times::instant(until)
            ));
            output::data(password.expose_secret())?;
        }
        Ok(Exit::Ok)
    }
}

pub(super) fn username(text: &str) -> Result<Username, String> {
    Username::parse(text).ok_or_else(|| "a username is 1 to 64 characters, without @ and white space".to_owned())
}

pub(super) fn email(text: &str) -> Result<Email, String> {
    Email::parse(text).ok_or_else(|| "not an e-mail address".to_owned())
}

pub(super) fn shown_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err("a name is 1 to 200 characters on one line".to_owned());
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_control_characters_are_refused() {
        assert!(shown_name("Ada\u{1b}[31m").is_err() && shown_name(" ").is_err());
        assert_eq!(shown_name(" Ada Lovelace ").unwrap(), "Ada Lovelace");
    }
}
