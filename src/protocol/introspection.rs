//! RFC 7662 2.2: the introspection response.
//!
//! Owns: its members, and that an inactive answer has no other. Does not own: who is told what.

use serde::Serialize;

use crate::protocol::access_token::{AccessTokenClaims, Audience, Authentication};
use crate::protocol::scope::Scopes;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(flatten)]
    facts: Option<Facts>,
}

/// What is said of an active token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// `iss`.
    pub iss: String,
    /// `sub`.
    pub sub: String,
    /// `client_id`.
    pub client_id: String,
    /// `scope`.
    pub scope: Scopes,
    /// `exp`, in seconds since the epoch.
    pub exp: i64,
    /// `iat`, in seconds since the epoch.
    pub iat: i64,
    /// `aud`; of access tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<Audience>,
    /// `jti`; of access tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// `Bearer`; of access tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// When a person signed in.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
}

impl Introspection {
    /// `{"active":false}` and not a word more.
    #[must_use]
    pub const fn inactive() -> Self {
        Self { active: false, facts: None }
    }

    /// An active token.
    #[must_use]
    pub const fn active(facts: Facts) -> Self {
        Self { active: true, facts: Some(facts) }
    }

    /// An active access token.
    #[must_use]
    pub fn of_access_token(claims: AccessTokenClaims) -> Self {
        Self::active(Facts {
            iss: claims.iss,
            sub: claims.sub,
            client_id: claims.client_id,
            scope: claims.scope,
            exp: claims.exp,
            iat: claims.iat,
            aud: Some(claims.aud),
            jti: Some(claims.jti),
            token_type: Some("Bearer"),
            authentication: claims.authentication,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inactive_answer_says_nothing_else() {
        assert_eq!(serde_json::to_string(&Introspection::inactive()).unwrap(), r#"{"active":false}"#);
    }

    #[test]
    fn an_active_answer_has_no_null() {
        let facts = Facts {
            iss: "https://id.example".to_owned(),
            sub: "x".to_owned(),
            client_id: "web".to_owned(),
            scope: Scopes::parse("openid").unwrap(),
            exp: 2,
            iat: 1,
            aud: None,
            jti: None,
            token_type: None,
            authentication: None,
        };
        assert_eq!(
            serde_json::to_string(&Introspection::active(facts)).unwrap(),
            r#"{"active":true,"iss":"https://id.example","sub":"x","client_id":"web","scope":"openid","exp":2,"iat":1}"#
        );
    }
}
