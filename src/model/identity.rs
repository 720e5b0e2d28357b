//! Who somebody is at an external provider.
//!
//! Owns: the key of an identity, its record, and what a provider says of a person. Does not own: making sure of it
//! (`upstream`) or whose account it opens (`model/joining`).

use serde::{Deserialize, Serialize};

use crate::model::person::Email;
use crate::protocol::ids::{ProviderId, RoleName, UserId};
use crate::protocol::opaque::TokenHash;
use crate::protocol::time::Timestamp;

/// In characters.
const LONGEST_LABEL: usize = 254;

/// What an identity is found by. Never an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct IdentityKey {
    /// The configured provider.
    pub provider: ProviderId,
    /// Who vouches: the `iss` of an ID token; the base URL of a provider without ID tokens.
    pub issuer: String,
    /// Who: stable and never given to somebody else there. 1 to 255 bytes.
    pub subject: String,
}

impl IdentityKey {
    /// Its name in our own forms: tells nothing of it, and opens nothing.
    #[must_use]
    pub fn handle(&self) -> String {
        let text = format!("{}\n{}\n{}", self.provider, self.issuer, self.subject);
        TokenHash::of(text.as_bytes()).to_key()
    }
}

/// What a provider says of a person, read and checked. Nothing of it proves an account of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalProfile {
    /// Text that may become a username; not in normal form.
    pub username: Option<String>,
    /// As shown; at most 200 characters, no control characters.
    pub name: Option<String>,
    /// The address, if it can be one.
    pub email: Option<Email>,
    /// Whether the provider says that the address is this person's.
    pub email_verified: bool,
    /// The roles that the mapping of the provider gives.
    pub roles: Vec<RoleName>,
}

impl ExternalProfile {
    /// The address, where the provider vouches for it.
    #[must_use]
    pub fn verified_email(&self) -> Option<&Email> {
        self.email.as_ref().filter(|_| self.email_verified)
    }

    /// What its owner knows the identity by: the address, verified or not, or a name there.
    #[must_use]
    pub fn label(&self) -> Option<String> {
        let address = self.email.as_ref().map(|email| email.as_str().to_owned());
        let text = address.or_else(|| self.username.clone()).or_else(|| self.name.clone())?;
        let shown: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_LABEL).collect();
        (!shown.is_empty()).then_some(shown)
    }
}

/// An identity that opens an account, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What it is found by; unique.
    pub key: IdentityKey,
    /// Whose account.
    pub user_id: UserId,
    /// How its owner knows it again: an address or a name there.
    pub label: Option<String>,
    /// When it was joined.
    pub created_at: Timestamp,
    /// When it last opened the account.
    pub used_at: Timestamp,
}

/// How a person was authenticated at the provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamAuthentication {
    /// `auth_time` there; `None` when it does not say.
    pub at: Option<Timestamp>,
    /// `amr` there (RFC 8176), at most 10 values of at most 32 characters.
    pub amr: Vec<String>,
    /// `sid` there, for its back-channel logout.
    pub sid: Option<String>,
}
