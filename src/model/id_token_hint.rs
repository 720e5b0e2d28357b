//! Whom and which client an `id_token_hint` means (OpenID Connect Core 3.1.2.1, RP-Initiated Logout 2).
//!
//! Owns: that its audience is a client of ours and its subject a person. Does not own: its signature
//! (`tokens`) or what follows from it (`endpoints`): a hint names somebody and opens nothing.

use crate::model::registry::Registry;
use crate::protocol::error::OAuthError;
use crate::protocol::id_token::IdTokenHintClaims;
use crate::protocol::ids::{ClientId, SessionId, UserId};

/// A hint whose signature and issuer were ours and whose client is one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdTokenHint {
    /// Who is meant. They may be gone by now.
    pub user_id: UserId,
    /// The session in which the token was issued.
    pub session: Option<SessionId>,
    /// The active client that the token was issued to.
    pub client_id: ClientId,
    /// The person's username, where the token told the client.
    pub username: Option<String>,
}

impl IdTokenHint {
    /// Holds verified claims against the clients there are.
    ///
    /// # Errors
    /// `invalid_request` when the token was issued to no active client, or names no person.
    pub fn check(claims: &IdTokenHintClaims, registry: &Registry) -> Result<Self, OAuthError> {
        let refused = |why| OAuthError::invalid_request(format!("id_token_hint is not accepted: {why}"));
        let client = registry.find_client(&claims.aud).ok_or_else(|| refused("its audience is no client of ours"))?;
        let user_id = UserId::parse(&claims.sub).ok_or_else(|| refused("its subject is no person"))?;
        let session = claims.sid.as_deref().map(|sid| SessionId::parse(sid).ok_or_else(|| refused("its sid is none")));
        let username = claims.preferred_username.clone();
        Ok(Self { user_id, session: session.transpose()?, client_id: client.client_id.clone(), username })
    }
}
