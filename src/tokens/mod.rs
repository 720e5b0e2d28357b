//! Signing keys in memory, the tokens they sign, and checking them.
//!
//! Owns: the keyring (keys opened once, parsed once) and following what the store says of it, sealing at rest
//! (providers' tokens too), JWS. Does not own: which claims a token carries (`protocol`, `endpoints/token`), the life of a key
//! (`model/key_line`).

mod chest;
mod jwk;
mod key_pair;
mod keyring;
mod provider_tokens;
mod pseudonyms;
mod refresh;
mod seal;
mod sign;
#[cfg(test)]
mod tests;
mod verified;
mod verify;

pub use pseudonyms::Pseudonyms;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::clock::{Clock, monotonic};
use crate::config;
use crate::model::key_line::{Ahead, KeyLine};
use crate::model::registry::Api;
use crate::model::sealed_key::KeyUse;
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
use crate::tokens::seal::KeyEncryptionKeys;
use crate::tokens::sign::{Hs256Signer, RsaThreads};

pub use crate::tokens::chest::{KeyChest, KeyFacts, Resealed, Revoked, Rotated};

/// However many tokens name keys that nobody here knows.
const ASKED_AT_MOST_EVERY: Duration = Duration::from_secs(1);

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
        "no configured key-encryption key opens key {kid} (sealed under KEK ID {kek_id}; configured: {configured})"
    )]
    Sealed {
        /// The signing key.
        kid: String,
        /// The key-encryption key that sealed it.
        kek_id: String,
        /// The ids of the configured ones.
        configured: String,
    },
    /// The same, of a provider's tokens.
    #[error(
        "no configured key-encryption key opens the tokens of {of} (sealed under KEK ID {kek_id}; configured: \
         {configured})"
    )]
    SealedTokens {
        /// The identity: a provider and the digest of whose it is.
        of: String,
        /// The key-encryption key that sealed them.
        kek_id: String,
        /// The ids of the configured ones.
        configured: String,
    },
    /// It opened, but is not the key that it says.
    #[error("key {kid} is damaged: {fault}")]
    Damaged {
        /// The signing key.
        kid: String,
        /// What does not fit.
        fault: &'static str,
    },
    /// Others changed the keys each time that we were about to.
    #[error("the keys are being changed by others at this very moment")]
    Contended,
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

/// Everything that signs and verifies, for one issuer. Which keys there are may change while it is used:
/// whatever it does, it does with the keys of one moment.
#[derive(Debug)]
pub struct Tokens {
    issuer: Issuer,
    keks: Arc<KeyEncryptionKeys>,
    ring: ArcSwap<Keyring>,
    /// When the store was last asked because of a key that nobody here knows; held while it is asked.
    asked: Mutex<Option<Instant>>,
    rsa: RsaThreads,
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
        let sealing = Arc::new(KeyEncryptionKeys::parse(&keys.encryption_keys)?);
        let now = clock.now();
        let signing = algorithms.iter().copied().map(KeyUse::Signing);
        let chest = KeyChest::with(Arc::clone(&sealing), store);
        for usage in signing.chain([KeyUse::Refresh]) {
            chest.make_first(usage, now).await?;
        }
        // Read back: of two instances that start together both use the keys that the store kept.
        let (ring, faults) = Keyring::make(&sealing, store.list().await?, None, now)?;
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault);
        }
        let (ring, asked) = (ArcSwap::from_pointee(ring), Mutex::default());
        Ok(Self { issuer: issuer.clone(), keks: sealing, ring, asked, rsa: RsaThreads::start()? })
    }

    /// Makes the first key of each of these algorithms that has none, and takes it into use.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn make_missing(
        &self,
        algorithms: &[Algorithm],
        store: &dyn KeyStore,
        now: Timestamp,
    ) -> Result<(), TokenError> {
        let has_key = |algorithm: &Algorithm| self.ring.load().signing(*algorithm, now).is_some();
        let missing: Vec<Algorithm> = algorithms.iter().copied().filter(|algorithm| !has_key(algorithm)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let chest = KeyChest::with(Arc::clone(&self.keks), store);
        for algorithm in missing {
            chest.make_first(KeyUse::Signing(algorithm), now).await?;
        }
        self.catch_up(store, now).await
    }

    /// Takes over what others changed in the store, and what time changed. A new key that does not open is
    /// left out, and told in the log: the others go on.
    ///
    /// # Errors
    /// When the store fails; the keys are those that there were.
    pub async fn catch_up(&self, store: &dyn KeyStore, now: Timestamp) -> Result<(), TokenError> {
        let _asking = self.asked.lock().await;
        self.ask(store, now).await
    }

    /// [`Tokens::catch_up`] because this token names a key that nobody here has heard of: it may be one that
    /// another instance made this very second. At most once a second, whatever is presented; whether it is
    /// worth looking at the token again.
    pub async fn catch_up_for(&self, token: &str, store: &dyn KeyStore, now: Timestamp) -> bool {
        let came = monotonic();
        let ring = self.ring.load();
        let unheard = |id: String| !ring.has_heard_of(&id);
        if !refresh::names_key(token).or_else(|| verify::names_key(token)).is_some_and(unheard) {
            return false;
        }
        drop(ring);
        let mut asked = self.asked.lock().await;
        match *asked {
            // Somebody asked while this one waited.
            Some(at) if at >= came => true,
            Some(at) if came.saturating_duration_since(at) < ASKED_AT_MOST_EVERY => false,
            _ => {
                *asked = Some(monotonic());
                self.ask(store, now).await.is_ok()
            }
        }
    }

    async fn ask(&self, store: &dyn KeyStore, now: Timestamp) -> Result<(), TokenError> {
        let stored = store.list().await?;
        let before = self.ring.load_full();
        if before.is_of(&stored, now) {
            return Ok(());
        }
        let (ring, faults) = Keyring::make(&self.keks, stored, Some(&before), now)?;
        for fault in faults {
            tracing::error!(%fault, "a key that others made cannot be used here");
        }
        self.ring.store(Arc::new(ring));
        tracing::info!("the keys have changed");
        Ok(())
    }

    /// Makes the successor of each of these algorithms' keys that has signed for almost as long as one does.
    ///
    /// # Errors
    /// As [`KeyChest::rotate`].
    pub async fn rotate_when_due(
        &self,
        every: Duration,
        algorithms: &[Algorithm],
        store: &dyn KeyStore,
        now: Timestamp,
    ) -> Result<(), TokenError> {
        let ring = self.ring.load_full();
        for usage in algorithms.iter().copied().map(KeyUse::Signing) {
            if !KeyLine::of(ring.stored(), usage).is_due(every, now) {
                continue;
            }
            let chest = KeyChest::with(Arc::clone(&self.keks), store);
            if let Rotated::Made(key) = chest.rotate(usage, Ahead::Planned, now).await? {
                tracing::info!(kid = key.id, alg = usage.as_str(), "a key that follows was made");
            }
        }
        Ok(())
    }

    /// The JWK Set (RFC 7517 5) as JSON text.
    #[must_use]
    pub fn jwks(&self) -> String {
        self.ring.load().jwks().to_owned()
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
        self.sign(access_token::TYP, claims, algorithm, claims.iat).await
    }

    /// Signs an access token with the secret of the API that it is for (HS256). Only
    /// [`Tokens::verify_with_secret`] takes it.
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
        self.sign(id_token::TYP, claims, algorithm, claims.iat).await
    }

    /// With the key whose turn it is at the second of `iat`.
    async fn sign(
        &self,
        typ: &str,
        claims: &impl Serialize,
        algorithm: Algorithm,
        iat: i64,
    ) -> Result<String, TokenError> {
        let at = Timestamp::from_seconds(iat);
        let key = self.ring.load().signing(algorithm, at).cloned().ok_or(TokenError::NoKey(algorithm))?;
        let input = sign::input(typ, key.signer.algorithm(), &key.kid, claims)?;
        if algorithm.is_slow() {
            return self.rsa.complete(input, &key).await;
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
        let ring = self.ring.load();
        let hash = TokenHash::of(token.as_bytes());
        if let Some(claims) = ring.verified().find(&hash) {
            return verify::again(claims, &self.issuer, now);
        }
        let claims = verify::access_token(token, &ring, &self.issuer, now)?;
        ring.verified().put(hash, &claims);
        Ok(claims)
    }

    /// Verifies an access token that is signed with the secret of one of these APIs (HS256), and is for that API
    /// alone: whoever has its secret can make such tokens, so they say nothing to anybody else. Only
    /// introspection and revocation take them.
    ///
    /// # Errors
    /// `invalid_token`.
    pub fn verify_with_secret(
        &self,
        token: &str,
        apis: &[Api],
        now: Timestamp,
    ) -> Result<AccessTokenClaims, OAuthError> {
        verify::access_token_with_secret(token, apis, &self.issuer, now)
    }

    /// Verifies an ID token of ours that came back as `id_token_hint`: as an access token, but of the other
    /// `typ`, and an expired one is as good. Whose it is and for whom is for `model/id_token_hint` to check.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn verify_id_token_hint(&self, token: &str, now: Timestamp) -> Result<IdTokenHintClaims, OAuthError> {
        verify::id_token_hint(token, &self.ring.load(), &self.issuer, now)
    }

    /// Makes the refresh token of a grant's generation. It is the same each time while the key that makes
    /// MACs is: nothing of it is stored anywhere.
    ///
    /// # Errors
    /// When there is no key, which `open` makes impossible.
    pub fn make_refresh_token(&self, grant: GrantId, generation: u32, now: Timestamp) -> Result<String, TokenError> {
        self.ring.load().mac().make(grant, generation, now)
    }

    /// The grant and generation of a refresh token of ours, by its MAC alone: whether it still counts is
    /// the grant's to say. `None` for every other text.
    #[must_use]
    pub fn read_refresh_token(&self, token: &str) -> Option<(GrantId, u32)> {
        self.ring.load().mac().read(token)
    }
}
