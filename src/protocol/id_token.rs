//! OpenID Connect Core 2, 3.1.3.6, 5.1: the ID token and the values of claims about a person.
//!
//! Owns: their shapes. Does not own: which there are (`claims`), the values (`model/person`) and the signature
//! (`tokens`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};

use crate::protocol::claims::{Claim, Claims};

/// The media type in the header (RFC 7519 5.1).
pub const TYP: &str = "JWT";

/// A postal address (OpenID Connect Core 5.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AddressClaim {
    /// As on a label; lines end with `\n`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// House and street; lines end with `\n`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// State, province, region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// Claims about a person (OpenID Connect Core 5.1), each with a value or absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PersonClaims {
    /// As shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The username.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// Seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<i64>,
    /// An address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether it is known to be theirs; absent without an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// Never an empty object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressClaim>,
    /// E.164, with an extension as RFC 3966 writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// Whether it is known to be theirs; absent without a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number_verified: Option<bool>,
}

impl PersonClaims {
    /// Keeps these and no other.
    #[must_use]
    pub fn only(self, claims: &Claims) -> Self {
        let has = |claim| claims.has(claim);
        Self {
            name: self.name.filter(|_| has(Claim::Name)),
            preferred_username: self.preferred_username.filter(|_| has(Claim::PreferredUsername)),
            updated_at: self.updated_at.filter(|_| has(Claim::UpdatedAt)),
            email: self.email.filter(|_| has(Claim::Email)),
            email_verified: self.email_verified.filter(|_| has(Claim::EmailVerified)),
            address: self.address.filter(|_| has(Claim::Address)),
            phone_number: self.phone_number.filter(|_| has(Claim::PhoneNumber)),
            phone_number_verified: self.phone_number_verified.filter(|_| has(Claim::PhoneNumberVerified)),
        }
    }
}

/// The hash function of a signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashFunction {
    /// Of `RS256`, `ES256`, `PS256`.
    Sha256,
    /// Of `EdDSA` with Ed25519 (RFC 8032 5.1).
    Sha512,
}

/// `at_hash` (OpenID Connect Core 3.1.3.6): the left half of the access token's hash, base64url.
#[must_use]
pub fn at_hash(access_token: &str, function: HashFunction) -> String {
    let half = |hash: &[u8]| URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2).unwrap_or_default());
    match function {
        HashFunction::Sha256 => half(&Sha256::digest(access_token)),
        HashFunction::Sha512 => half(&Sha512::digest(access_token)),
    }
}

/// The payload of an ID token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdTokenClaims {
    /// The issuer.
    pub iss: String,
    /// The person.
    pub sub: String,
    /// The client.
    pub aud: String,
    /// Seconds since the epoch.
    pub exp: i64,
    /// Seconds since the epoch.
    pub iat: i64,
    /// When the person signed in, seconds since the epoch.
    pub auth_time: i64,
    /// As sent in the authorization request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Level of the sign-in.
    pub acr: String,
    /// Methods of the sign-in.
    pub amr: Vec<String>,
    /// The session's public name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Binds the access token that came with it ([`at_hash`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    /// What the scopes opened, and what was asked for by name.
    #[serde(flatten)]
    pub person: PersonClaims,
}

/// What is read of an ID token that comes back as `id_token_hint` (OpenID Connect Core 3.1.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IdTokenHintClaims {
    /// The issuer.
    pub iss: String,
    /// The person.
    pub sub: String,
    /// The client: our ID tokens are for exactly one.
    pub aud: String,
    /// Seconds since the epoch; a hint may have expired.
    pub exp: i64,
    /// Seconds since the epoch.
    pub iat: i64,
    /// The session's public name.
    pub sid: Option<String>,
    /// The username, when the token told it.
    pub preferred_username: Option<String>,
}

/// The answer of the userinfo endpoint (OpenID Connect Core 5.3.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserInfo {
    /// The person.
    pub sub: String,
    /// What the scopes opened, and what was asked for by name.
    #[serde(flatten)]
    pub person: PersonClaims,
}
