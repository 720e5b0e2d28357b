//! People: names, e-mail addresses, stored passwords.
//!
//! Owns: normal forms and what a person's record says. Does not own: hashing (`passwords`).

use std::fmt;

use secrecy::SecretString;
use serde::Serialize;
use unicode_normalization::UnicodeNormalization as _;

use crate::model::contact::{Address, PhoneNumber};
use crate::protocol::id_token::PersonClaims;
use crate::protocol::ids::{RoleName, UserId};
use crate::protocol::time::Timestamp;

/// A username in normal form: NFKC, case-folded, 1 to 64 code points, no `@`, no white space,
/// control or invisible character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Username(String);

impl Username {
    /// Reads and normalises; `None` when it cannot be a username.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let normal = normal(text)?;
        (!normal.contains('@')).then_some(Self(normal))
    }

    /// Of somebody of whom no name is known: `user`.
    #[must_use]
    pub fn unknown() -> Self {
        Self("user".to_owned())
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An e-mail address in lower case: one `@` with text on both sides, at most 254 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads and lower-cases; `None` when it cannot be an address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > 254 || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return None;
        }
        // A few letters are longer in lower case, and the stored form has to be one that can be read back.
        let lower = text.to_lowercase();
        let (local, domain) = lower.split_once('@')?;
        let fits = !local.is_empty() && local.len() <= 64 && !domain.is_empty() && !domain.contains('@');
        let plain = !lower.contains([',', ';', '<', '>', '"', '(', ')', '\\']);
        (fits && plain && lower.len() <= 254).then_some(Self(lower))
    }

    /// The lower-case form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> serde::Deserialize<'de> for Email {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an e-mail address in normal form"))
    }
}

/// What a person types to say who they are: a username or an e-mail address, in normal form. Every
/// text is one, so that unknown names take the same path as known ones.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LoginName(String);

impl LoginName {
    /// Normalises any text. A name too long to belong to anybody becomes one that belongs to nobody.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        if text.len() > 1024 {
            return Self(String::new());
        }
        let email = Email::parse(text).map(|email| email.0);
        Self(email.or_else(|| normal(text)).unwrap_or_default())
    }

    /// The normal form; empty for a name that nobody can have.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn normal(text: &str) -> Option<String> {
    if text.len() > 1024 {
        return None;
    }
    // Upper case and back is case folding but for a handful of letters, where it joins more.
    let upper = text.trim().nfkc().flat_map(char::to_uppercase);
    let folded: String = upper.flat_map(char::to_lowercase).nfkc().collect();
    let count = folded.chars().count();
    let clean = !folded.chars().any(|c| c.is_whitespace() || c.is_control() || is_invisible(c));
    ((1..=64).contains(&count) && clean).then_some(folded)
}

/// Characters that show nothing or turn the text round (Unicode's `Default_Ignorable_Code_Point`): with
/// them two names would look the same.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A stored password.
#[derive(Clone)]
pub struct StoredPassword {
    /// PHC string.
    pub phc: SecretString,
    /// For a generated password: until when it opens the page where the person sets their own.
    pub generated_until: Option<Timestamp>,
}

impl fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredPassword").field("generated_until", &self.generated_until).finish_non_exhaustive()
    }
}

/// Where a person is reached beside their e-mail address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// By post.
    pub address: Option<Address>,
    /// By telephone.
    pub phone_number: Option<PhoneNumber>,
    /// Proven by its owner or by an admin.
    pub phone_number_verified: bool,
}

/// A person.
#[derive(Debug, Clone)]
pub struct User {
    /// The `sub`.
    pub id: UserId,
    /// Unique.
    pub username: Username,
    /// Unique where present.
    pub email: Option<Email>,
    /// Proven by its owner or by an admin.
    pub email_verified: bool,
    /// As shown.
    pub name: Option<String>,
    /// What else the profile says.
    pub contact: Contact,
    /// As stored; names that no role has are ignored.
    pub roles: Vec<RoleName>,
    /// Absent for people who sign in elsewhere.
    pub password: Option<StoredPassword>,
    /// Kept out everywhere.
    pub disabled: bool,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Sessions and grants begun before this instant are over (a password change moves it).
    pub valid_from: Timestamp,
}

impl User {
    /// Whether the password is one that only opens `/password`.
    #[must_use]
    pub fn must_set_password(&self) -> bool {
        self.password.as_ref().is_some_and(|password| password.generated_until.is_some())
    }

    /// Whether they can sign in by password: there is one, and if it was generated, its time is not over.
    #[must_use]
    pub fn has_usable_password(&self, now: Timestamp) -> bool {
        let usable = |until: Timestamp| !until.is_over(now);
        self.password.as_ref().is_some_and(|password| password.generated_until.is_none_or(usable))
    }

    /// What is shown for this person.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(self.username.as_str())
    }

    /// Every claim there is; what was granted decides which are told.
    #[must_use]
    pub fn claims(&self) -> PersonClaims {
        PersonClaims {
            name: Some(self.shown_name().to_owned()),
            preferred_username: Some(self.username.as_str().to_owned()),
            updated_at: Some(self.updated_at.seconds()),
            email: self.email.as_ref().map(|email| email.as_str().to_owned()),
            email_verified: self.email.as_ref().map(|_| self.email_verified),
            address: self.contact.address.as_ref().map(|address| address.parts().clone()),
            phone_number: self.contact.phone_number.as_ref().map(|number| number.as_str().to_owned()),
            phone_number_verified: self.contact.phone_number.as_ref().map(|_| self.contact.phone_number_verified),
        }
    }
}
