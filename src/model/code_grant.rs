//! An authorization code: a pointer to this record, and the fact it becomes.
//!
//! Owns: redemption and its checks. Does not own: taking it out of the store (`store`).

use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use crate::model::client::AuthenticatedClient;
use crate::model::session::SignIn;
use crate::protocol::claims::SingleClaims;
use crate::protocol::error::OAuthError;
use crate::protocol::ids::{ClientId, GrantId, SessionId, UserId};
use crate::protocol::pkce::{CodeChallenge, CodeVerifier};
use crate::protocol::redirect_uri::RegisteredRedirectUri;
use crate::protocol::scope::Scopes;
use crate::protocol::time::Timestamp;
use crate::protocol::token_request::CodeRequest;

/// What a code stands for, as stored under its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeGrant {
    /// Issued to.
    pub client_id: ClientId,
    /// Sent to.
    pub redirect_uri: RegisteredRedirectUri,
    /// Enforced when present.
    pub code_challenge: Option<CodeChallenge>,
    /// Granted.
    pub scope: Scopes,
    /// Granted by name.
    #[serde(default)]
    pub claims: SingleClaims,
    /// The `resource` that was asked for.
    pub resource: Option<String>,
    /// For the ID token.
    pub nonce: Option<String>,
    /// Who.
    pub user_id: UserId,
    /// In which session.
    pub session_id: SessionId,
    /// How they signed in.
    pub sign_in: SignIn,
    /// The grant it becomes.
    pub grant_id: GrantId,
    /// When it is over.
    pub expires_at: Timestamp,
}

/// A code that was redeemed by its own client, in time, at its redirect URI, with its verifier.
#[derive(Debug, Clone)]
pub struct Redeemed(CodeGrant);

impl CodeGrant {
    /// Redeems the code. It consumes the record: what was taken out of the store cannot be tried twice.
    ///
    /// # Errors
    /// `invalid_grant`; the description says which check failed.
    pub fn redeem(
        self,
        client: &AuthenticatedClient,
        request: &CodeRequest,
        now: Timestamp,
    ) -> Result<Redeemed, OAuthError> {
        if self.client_id != client.client_id {
            return Err(OAuthError::invalid_grant("the code was issued to another client"));
        }
        if self.expires_at.is_over(now) {
            return Err(OAuthError::invalid_grant("the code has expired"));
        }
        self.check_verifier(request)?;
        match &request.redirect_uri {
            Some(sent) if sent != self.redirect_uri.as_str() => {
                Err(OAuthError::invalid_grant("redirect_uri differs from the one of the authorization request"))
            }
            None if self.code_challenge.is_none() => {
                Err(OAuthError::invalid_grant("redirect_uri is missing: send the one of the authorization request"))
            }
            _ => Ok(Redeemed(self)),
        }
    }

    /// RFC 9700 2.1.1: a challenge is enforced, and a verifier without challenge is refused.
    fn check_verifier(&self, request: &CodeRequest) -> Result<(), OAuthError> {
        match (&self.code_challenge, &request.code_verifier) {
            (None, None) => Ok(()),
            (None, Some(_)) => Err(OAuthError::invalid_grant(
                "code_verifier was sent, but the authorization request had no code_challenge",
            )),
            (Some(_), None) => Err(OAuthError::invalid_grant("code_verifier is missing")),
            (Some(challenge), Some(verifier)) => CodeVerifier::parse(verifier.expose_secret())
                .filter(|verifier| challenge.matches(verifier))
                .map(|_| ())
                .ok_or_else(|| OAuthError::invalid_grant("code_verifier does not fit the code_challenge")),
        }
    }
}

impl std::ops::Deref for Redeemed {
    type Target = CodeGrant;

    fn deref(&self) -> &CodeGrant {
        &self.0
    }
}
