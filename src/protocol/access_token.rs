//! RFC 9068 2.2: the claims of an access token.
//!
//! Owns: their names and shapes, strict when read. Does not own: signature and header (`tokens`).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::protocol::claims::Claims;
use crate::protocol::ids::GrantId;
use crate::protocol::scope::Scopes;
use crate::protocol::time::Timestamp;

/// The media type in the header (RFC 9068 2.1).
pub const TYP: &str = "at+jwt";

/// `aud`: one text, or several (RFC 7519 4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Audience {
    /// One as text, more as a list.
    #[must_use]
    pub fn from_list(audiences: Vec<String>) -> Self {
        match <[String; 1]>::try_from(audiences) {
            Ok([only]) => Self::One(only),
            Err(several) => Self::Many(several),
        }
    }

    /// Each of them.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }

    /// Whether `audience` is among them, byte for byte.
    #[must_use]
    pub fn has(&self, audience: &str) -> bool {
        self.as_slice().iter().any(|one| one == audience)
    }
}

/// How and when a person signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// Seconds since the epoch.
    pub auth_time: i64,
    /// OpenID Connect Core 2.
    pub acr: String,
    /// RFC 8176.
    pub amr: Vec<String>,
}

/// The payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// The issuer.
    pub iss: String,
    /// The person, or the client itself for client credentials.
    pub sub: String,
    /// The API, and the issuer when userinfo may be asked.
    pub aud: Audience,
    /// Seconds since the epoch.
    pub exp: i64,
    /// Seconds since the epoch.
    pub iat: i64,
    /// `{grant id}.{UUIDv7}`, or the `UUIDv7` alone for client credentials.
    pub jti: String,
    /// The client.
    pub client_id: String,
    /// Space separated (RFC 8693 4.2).
    pub scope: Scopes,
    /// Single claims that userinfo tells beside those of the scopes (OpenID Connect Core 5.5): here, so that
    /// userinfo need not ask for the grant.
    #[serde(default, skip_serializing_if = "Claims::is_empty")]
    pub userinfo_claims: Claims,
    /// Only when a person signed in.
    #[serde(flatten)]
    pub authentication: Option<Authentication>,
}

impl AccessTokenClaims {
    /// Writes `jti`.
    #[must_use]
    pub fn jti(grant: Option<GrantId>, unique: Uuid) -> String {
        grant.map_or_else(|| unique.to_string(), |grant| format!("{grant}.{unique}"))
    }

    /// When it was issued, to the millisecond: the `UUIDv7` of `jti` says it, and `iat` where there is none.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        let unique = self.jti.rsplit_once('.').map_or(self.jti.as_str(), |(_, unique)| unique);
        let made = Uuid::try_parse(unique).ok().and_then(Timestamp::of_uuid);
        made.unwrap_or_else(|| Timestamp::from_seconds(self.iat))
    }

    /// The grant that `jti` names; `None` for client credentials.
    #[must_use]
    pub fn grant_id(&self) -> Option<GrantId> {
        self.jti.split_once('.').and_then(|(grant, _)| GrantId::parse(grant))
    }
}
