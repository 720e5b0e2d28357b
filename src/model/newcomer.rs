//! Somebody who gets an account because they came from an external provider.
//!
//! Owns: what the new record says, and the usernames that it may have. Does not own: whether it is made
//! (`model/joining`), or which username is free (the store).

use crate::model::identity::ExternalProfile;
use crate::model::person::{Contact, Email, User, Username};
use crate::protocol::ids::{RoleName, UserId};
use crate::protocol::time::Timestamp;

/// So much of a name is kept, so that a number fits behind it.
const LONGEST_BASE: usize = 48;

/// A new account, but for its id and its username.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    base: Username,
    name: Option<String>,
    email: Option<Email>,
    roles: Vec<RoleName>,
}

impl Newcomer {
    /// From what the provider says. `email` is an address that it vouches for and that nobody has here.
    #[must_use]
    pub fn of(profile: &ExternalProfile, email: Option<Email>) -> Self {
        let before_at = |text: &str| text.split('@').next().unwrap_or_default().to_owned();
        let address = profile.verified_email().map(|email| email.as_str().to_owned());
        let texts = [profile.username.clone(), address, profile.name.clone()];
        let base = texts.into_iter().flatten().find_map(|text| username_from(&before_at(&text)));
        Self {
            base: base.unwrap_or_else(Username::unknown),
            name: profile.name.clone(),
            email,
            roles: profile.roles.clone(),
        }
    }

    /// The username without a number, or with one behind it.
    #[must_use]
    pub fn username(&self, number: Option<u32>) -> Username {
        let numbered = number.and_then(|number| Username::parse(&format!("{}-{number}", self.base)));
        numbered.unwrap_or_else(|| self.base.clone())
    }

    /// Without its address: somebody else has it.
    #[must_use]
    pub fn without_email(self) -> Self {
        Self { email: None, ..self }
    }

    /// The record. The provider vouches for the address.
    #[must_use]
    pub fn person(&self, id: UserId, username: Username, now: Timestamp) -> User {
        User {
            id,
            username,
            email_verified: self.email.is_some(),
            email: self.email.clone(),
            name: self.name.clone(),
            contact: Contact::default(),
            roles: self.roles.clone(),
            password: None,
            disabled: false,
            created_at: now,
            updated_at: now,
            valid_from: now,
        }
    }
}

/// Letters, digits and `. _ -` of a text, white space as `-`; `None` when nothing is left that begins with a letter or
/// digit.
fn username_from(text: &str) -> Option<Username> {
    let fit = |c: char| match c {
        c if c.is_whitespace() => Some('-'),
        c if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') => Some(c),
        _ => None,
    };
    let kept: String = text.trim().chars().filter_map(fit).collect();
    let kept = kept.trim_matches(['.', '_', '-']);
    // Normal forms may be longer than what was typed: then less of it has to do.
    let of_length = |length: usize| Username::parse(&kept.chars().take(length).collect::<String>());
    let fits = |name: &Username| name.as_str().chars().count() <= LONGEST_BASE;
    [LONGEST_BASE, LONGEST_BASE / 3, 1].into_iter().find_map(|length| of_length(length).filter(fits))
}
