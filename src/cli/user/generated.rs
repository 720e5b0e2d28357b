//! A generated password: what `add` and `reset` give a person.
//!
//! Owns: making it and printing it once. Does not own: what it opens (`passwords`, the pages).

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::cli::exit::{Exit, Stop};
use crate::cli::{output, times};
use crate::clock::system_rng;
use crate::config;
use crate::model::person::{StoredPassword, User};
use crate::passwords::{self, PasswordHasher};
use crate::protocol::time::Timestamp;

/// How long it leads to the page where the person sets their own.
const GOOD_FOR: Duration = Duration::from_hours(7 * 24);

/// A password that nobody has seen yet.
pub(super) struct Generated {
    password: SecretString,
    until: Timestamp,
    /// What is kept of it.
    pub(super) stored: StoredPassword,
}

impl Generated {
    /// Makes one.
    pub(super) async fn make(config: &config::Passwords, now: Timestamp) -> Result<Self, Stop> {
        let password = passwords::generate(&mut system_rng());
        let hasher = PasswordHasher::start(config).map_err(Stop::failure)?;
        let phc = hasher.hash(password.clone()).await.map_err(anyhow::Error::from)?;
        let until = now.plus(GOOD_FOR);
        Ok(Self { password, until, stored: StoredPassword { phc, generated_until: Some(until) } })
    }

    /// Prints it alone on stdout, and on stderr what happened and how long it is good; or all as an object.
    pub(super) fn report(&self, user: &User, happened: &str, as_json: bool) -> Result<Exit, Stop> {
        if as_json {
            let object = json!({
                "id": user.id.to_string(),
                "username": user.username.as_str(),
                "password": self.password.expose_secret(),
                "password_expires_at": self.until.seconds(),
            });
            output::data(&object.to_string())?;
        } else {
            output::message(&format!(
                "{happened} The password is good until {}; the first sign-in leads to a page to set another.",
                times::instant(self.until)
            ));
            output::data(self.password.expose_secret())?;
        }
        Ok(Exit::Ok)
    }
}
