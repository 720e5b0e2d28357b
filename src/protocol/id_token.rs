//! OpenID Connect Core 2, 5.1, 5.4: the ID token and the claims about a person.
//!
//! Owns: names and shapes. Does not own: the values (`model/user`) and the signature (`tokens`).

use serde::{Deserialize, Serialize};

use crate::protocol::scope::Scopes;

/// The media type in the header (RFC 7519 5.1).
pub const TYP: &str = "JWT";

/// Claims about a person, as a scope opens them (OpenID Connect Core 5.4).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PersonClaims {
    /// With `profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// With `profile`: the username.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// With `profile`: seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<i64>,
    /// With `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// With `email`, and only beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
}

impl PersonClaims {
    /// Keeps what the granted scopes open.
    #[must_use]
    pub fn opened_by(self, scope: &Scopes) -> Self {
        let profile = scope.has("profile");
        let email = scope.has("email");
        Self {
            name: self.name.filter(|_| profile),
            preferred_username: self.preferred_username.filter(|_| profile),
            updated_at: self.updated_at.filter(|_| profile),
            email_verified: self.email_verified.filter(|_| email && self.email.is_some()),
            email: self.email.filter(|_| email),
        }
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
    /// What `profile` and `email` opened.
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
}

/// The answer of the userinfo endpoint (OpenID Connect Core 5.3.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserInfo {
    /// The person.
    pub sub: String,
    /// What `profile` and `email` opened.
    #[serde(flatten)]
    pub person: PersonClaims,
}
