//! Signing keys in memory, the tokens they sign, and checking them.
//!
//! Owns: the keyring (opened once, keys parsed once), sealing at rest, JWS. Does not own: which claims
//! a token carries (`protocol`, `endpoints/token`).

use crate::clock::Clock;
use crate::config;
use crate::model::signing_key::Algorithm;
use crate::protocol::access_token::AccessTokenClaims;
use crate::protocol::error::OAuthError;
use crate::protocol::id_token::IdTokenClaims;
use crate::protocol::issuer::Issuer;
use crate::protocol::time::Timestamp;
use crate::store::KeyStore;

/// Why keys could not be opened or a token not signed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// To be completed.
    #[error("{0}")]
    Failed(String),
}

/// Everything that signs and verifies, for one issuer.
#[derive(Debug)]
pub struct Tokens {}

impl Tokens {
    /// Opens the keyring: makes the first key of each algorithm where there is none, unseals all.
    ///
    /// # Errors
    /// When the store fails, or no configured key-encryption key opens a stored key.
    pub async fn open(
        issuer: &Issuer,
        keys: &config::Keys,
        store: &dyn KeyStore,
        clock: &dyn Clock,
    ) -> Result<Self, TokenError> {
        todo!()
    }

    /// The JWK Set (RFC 7517 5) as JSON text, made once.
    #[must_use]
    pub fn jwks(&self) -> &str {
        todo!()
    }

    /// Signs an access token (RFC 9068). RSA is signed off the event loop.
    ///
    /// # Errors
    /// When there is no key of that algorithm.
    pub async fn sign_access_token(
        &self,
        claims: &AccessTokenClaims,
        algorithm: Algorithm,
    ) -> Result<String, TokenError> {
        todo!()
    }

    /// Signs an ID token.
    ///
    /// # Errors
    /// When there is no key of that algorithm.
    pub async fn sign_id_token(&self, claims: &IdTokenClaims, algorithm: Algorithm) -> Result<String, TokenError> {
        todo!()
    }

    /// Verifies an access token of ours: compact form, header (`typ`, `alg` that belongs to `kid`),
    /// signature, issuer, expiry, claim types. The audience is the caller's to check. No store is asked.
    ///
    /// # Errors
    /// `invalid_token`.
    pub fn verify_access_token(&self, token: &str, now: Timestamp) -> Result<AccessTokenClaims, OAuthError> {
        todo!()
    }
}
