//! Signing keys in memory, the tokens they sign, and checking them.
//!
//! Owns: the keyring (opened once, keys parsed once), sealing at rest, JWS. Does not own: which claims
//! a token carries (`protocol`, `endpoints/token`).

mod jwk;
mod keyring;
mod pseudonyms;
mod refresh;
mod seal;
mod secret_keys;
mod sign;
#[cfg(test)]
mod tests;
mod verified;
mod verify;

pub use pseudonyms::Pseudonyms;

use serde::Serialize;

use crate::clock::Clock;
use crate::config;
use crate::model::shared_secret::SharedSecret;
use crate::model::signing_key::Algorithm;
use crate::protocol::access_token::{self, AccessTokenClaims};
use crate::protocol::error::OAuthError;
use crate::protocol::id_token::{self, IdTokenClaims, IdTokenHintClaims};
use crate::protocol::ids::GrantId;
use crate::protocol::issuer::Issuer;
use crate::protocol::opaque::TokenHash;
use crate::protocol::time::Timestamp;
use crate::store::{KeyStore, StoreError};
use crate::tokens::keyring::Keyring;
use crate::tokens::refresh::MacKeys;
use crate::tokens::seal::KeyEncryptionKeys;
use crate::tokens::sign::{Hs256Signer, RsaThreads};
use crate::tokens::verified::Verified;

/// Why keys could not be opened or a token not signed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// A configured key-encryption key has another shape.
    #[error(
        "key-encryption key {position} of {count}: {fault}; expected 32 random bytes in base64 \
         (as made by: openssl rand -base64 32)"
    )]
    EncryptionKey {
        /// Counted from one.
        position: usize,
        /// How many are configured.
        count: usize,
        /// What is wrong with it; nothing of the key itself.
        fault: &'static str,
    },
    /// There is none.
    #[error("no key-encryption key is configured: signing keys cannot be sealed")]
    NoEncryptionKey,
    /// None of the configured keys sealed this one, or the record was changed.
    #[error(
        "no configured key-encryption key opens signing key {kid} (sealed under KEK ID {kek_id}; configured: {configured})"
    )]
    Sealed {
        /// The signing key.
        kid: String,
        /// The key-encryption key that sealed it.
        kek_id: String,
        /// The ids of the configured ones.
        configured: String,
    },
    /// It opened, but is not the key that it says.
    #[error("signing key {kid} is damaged: {fault}")]
    Damaged {
        /// The signing key.
        kid: String,
        /// What does not fit.
        fault: &'static str,
    },
    /// There is no key for it, which `open` makes impossible.
    #[error("there is no {} key", .0.as_str())]
    NoKey(Algorithm),
    /// The cryptographic library refused, or a thread is gone.
    #[error("cryptography failed: {0}")]
    Cryptography(&'static str),
    /// The store of keys failed.
    #[error("signing keys could not be read or stored")]
    Store(#[from] StoreError),
}

/// Everything that signs and verifies, for one issuer.
#[derive(Debug)]
pub struct Tokens {
    issuer: Issuer,
    keyring: Keyring,
    jwks: String,
    refresh: MacKeys,
    rsa: RsaThreads,
    verified: Verified,
}

impl Tokens {
    /// Opens the keyring: makes the first key of each of these algorithms where there is none, unseals all.
    /// Nothing is written unless every stored key opened. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the store fails, or no configured key-encryption key opens a stored key.
    pub async fn open(
        issuer: &Issuer,
        keys: &config::Keys,
        algorithms: &[Algorithm],
        store: &dyn KeyStore,
        clock: &dyn Clock,
    ) -> Result<Self, TokenError> {
        let sealer = KeyEncryptionKeys::parse(&keys.encryption_keys)?;
        let keyring = keyring::open(&sealer, algorithms, store, clock).await?;
        let jwks = jwk::set(keyring.keys())?;
        let refresh = refresh::open(&sealer, store, clock).await?;
        Ok(Self {
            issuer: issuer.clone(),
            keyring,
            jwks,
            refresh,
            rsa: RsaThreads::start()?,
            verified: Verified::new(),
        })
    }

    /// Whether it signs with each of these.
    #[must_use]
    pub fn has_keys(&self, algorithms: &[Algorithm]) -> bool {
        algorithms.iter().all(|algorithm| self.keyring.signing(*algorithm).is_some())
    }

    /// The JWK Set (RFC 7517 5) as JSON text, made once.
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
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
        self.sign(access_token::TYP, claims, algorithm).await
    }

    /// Signs an access token with the secret of the API that it is for (HS256). Nothing here verifies it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn sign_with_secret(&self, claims: &AccessTokenClaims, secret: &SharedSecret) -> Result<String, TokenError> {
        let input = sign::input(access_token::TYP, jsonwebtoken::Algorithm::HS256, secret.kid(), claims)?;
        sign::complete(input, &Hs256Signer::new(secret.expose()))
    }

    /// Signs an ID token.
    ///
    /// # Errors
    /// When there is no key of that algorithm.
    pub async fn sign_id_token(&self, claims: &IdTokenClaims, algorithm: Algorithm) -> Result<String, TokenError> {
        self.sign(id_token::TYP, claims, algorithm).await
    }

    async fn sign(&self, typ: &str, claims: &impl Serialize, algorithm: Algorithm) -> Result<String, TokenError> {
        let key = self.keyring.signing(algorithm).ok_or(TokenError::NoKey(algorithm))?;
        let input = sign::input(typ, key.signer.algorithm(), &key.kid, claims)?;
        if algorithm.is_slow() {
            return self.rsa.complete(input, key).await;
        }
        sign::complete(input, key.signer.as_ref())
    }

    /// Verifies an access token of ours: compact form, header (`typ`, `alg` that belongs to `kid`),
    /// signature, issuer, expiry, claim types. The audience is the caller's to check. No store is asked.
    /// The signature of a token that was good before is not computed again; its times are looked at again.
    ///
    /// # Errors
    /// `invalid_token`.
    pub fn verify_access_token(&self, token: &str, now: Timestamp) -> Result<AccessTokenClaims, OAuthError> {
        let hash = TokenHash::of(token.as_bytes());
        if let Some(claims) = self.verified.find(&hash) {
            return verify::again(claims, &self.issuer, now);
        }
        let claims = verify::access_token(token, &self.keyring, &self.issuer, now)?;
        self.verified.put(hash, &claims);
        Ok(claims)
    }

    /// Verifies an ID token of ours that came back as `id_token_hint`: as an access token, but of the other
    /// `typ`, and an expired one is as good. Whose it is and for whom is for `model/id_token_hint` to check.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn verify_id_token_hint(&self, token: &str, now: Timestamp) -> Result<IdTokenHintClaims, OAuthError> {
        verify::id_token_hint(token, &self.keyring, &self.issuer, now)
    }

    /// Makes the refresh token of a grant's generation. It is the same each time while the key that makes
    /// MACs is: nothing of it is stored anywhere.
    ///
    /// # Errors
    /// When there is no key, which `open` makes impossible.
    pub fn make_refresh_token(&self, grant: GrantId, generation: u32) -> Result<String, TokenError> {
        self.refresh.make(grant, generation)
    }

    /// The grant and generation of a refresh token of ours, by its MAC alone: whether it still counts is
    /// the grant's to say. `None` for every other text.
    #[must_use]
    pub fn read_refresh_token(&self, token: &str) -> Option<(GrantId, u32)> {
        self.refresh.read(token)
    }
}
