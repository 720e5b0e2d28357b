//! The bundle that every handler receives, and how a running server gets another one.
//!
//! Owns: that list, the snapshot that a request keeps. Does not own: making it (`startup`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use bytes::Bytes;
use rand::CryptoRng;
use uuid::Uuid;

use crate::accounts::Accounts;
use crate::clock::{Clock, system_rng, uuid_v7};
use crate::config::Config;
use crate::custody::Custody;
use crate::model::registry::Registry;
use crate::passwords::{Door, PasswordHasher};
use crate::protocol::access_token::AccessTokenClaims;
use crate::protocol::error::OAuthError;
use crate::protocol::ids::GrantId;
use crate::protocol::issuer::Issuer;
use crate::protocol::opaque::TokenHash;
use crate::protocol::time::Timestamp;
use crate::store::{NegativeList, People, Stores};
use crate::throttle::Throttle;
use crate::tokens::Tokens;
use crate::upstream::Upstream;

/// What a handler works with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The configuration snapshot.
    pub config: Arc<Config>,
    /// Every port.
    pub stores: Stores,
    /// Who is known.
    pub people: Arc<People>,
    /// What is revoked.
    pub negative: Arc<NegativeList>,
    /// Signs and verifies.
    pub tokens: Arc<Tokens>,
    /// What is served as it is.
    pub documents: Documents,
    /// Speaks to external providers.
    pub upstream: Arc<Upstream>,
    /// Hashes.
    pub passwords: PasswordHasher,
    /// Counts failures.
    pub throttle: Arc<Throttle>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Whether we are on our way out.
    pub shutdown: Shutdown,
}

/// Documents made once for a snapshot.
#[derive(Debug, Clone)]
pub struct Documents {
    /// The metadata.
    pub metadata: Document,
    /// The JWK Set.
    pub jwks: Document,
}

/// A public JSON document, made once: its bytes and their strong `ETag`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Document {
    /// The bytes.
    pub body: Bytes,
    /// The quoted `ETag` (RFC 9110 8.8.3).
    pub etag: String,
}

impl Document {
    /// From its text.
    #[must_use]
    pub fn new(json: String) -> Self {
        let etag = format!("\"{}\"", TokenHash::of(json.as_bytes()).to_key());
        Self { body: Bytes::from(json), etag }
    }
}

/// The app that requests are given from now on. A request keeps the one it began with, so that all of it
/// sees one configuration.
#[derive(Clone)]
pub struct Live(Arc<ArcSwap<App>>);

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}

impl Live {
    /// From the first.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(app)))
    }

    /// The present one.
    #[must_use]
    pub fn current(&self) -> Arc<App> {
        self.0.load_full()
    }

    /// Makes the next one out of the present one, all at once. `change` is called again when somebody else
    /// was faster, so it does nothing but that.
    pub fn replace(&self, change: impl Fn(&App) -> App) {
        self.0.rcu(|app| change(app));
    }
}

/// Whether the server was asked to stop: set once, seen by every worker.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(Arc<AtomicBool>);

impl Shutdown {
    /// From here on this instance is not ready for new requests.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was asked to stop.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl App {
    /// Clients, APIs, roles and providers.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.config.registry
    }

    /// The issuer.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.config.server.issuer
    }

    /// Verifies an access token. A key that this instance has not heard of is asked for first: another one may
    /// have made it this very second.
    ///
    /// # Errors
    /// `invalid_token`.
    pub async fn verify_access_token(&self, token: &str) -> Result<AccessTokenClaims, OAuthError> {
        let verify = || self.tokens.verify_access_token(token, self.now());
        let verified = verify();
        if verified.is_err() && self.has_news_for(token).await { verify() } else { verified }
    }

    /// The same, also for tokens under the secret of an API: only introspection and revocation take those.
    ///
    /// # Errors
    /// `invalid_token`.
    pub async fn verify_access_token_of_any_api(&self, token: &str) -> Result<AccessTokenClaims, OAuthError> {
        let now = self.now();
        let verified = self.tokens.verify_access_token(token, now);
        match verified.or_else(|_| self.tokens.verify_with_secret(token, self.registry().apis(), now)) {
            Ok(claims) => Ok(claims),
            Err(_) => self.verify_access_token(token).await,
        }
    }

    /// The grant and generation of a refresh token of ours, by its MAC alone; `None` for every other text.
    pub async fn read_refresh_token(&self, token: &str) -> Option<(GrantId, u32)> {
        let read = || self.tokens.read_refresh_token(token);
        let found = read();
        if found.is_none() && self.has_news_for(token).await { read() } else { found }
    }

    async fn has_news_for(&self, token: &str) -> bool {
        self.tokens.catch_up_for(token, self.stores.keys.as_ref(), self.now()).await
    }

    /// What everybody who signs in by password goes through.
    #[must_use]
    pub fn door(&self) -> Door<'_> {
        Door {
            users: self.stores.users.as_ref(),
            hasher: &self.passwords,
            throttle: &self.throttle,
            failures: &self.config.limits.failures,
        }
    }

    /// What everybody who comes from an external provider goes through.
    #[must_use]
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts {
            users: self.stores.users.as_ref(),
            identities: self.stores.identities.as_ref(),
            provider_tokens: self.stores.provider_tokens.as_ref(),
            negative: &self.negative,
        }
    }

    /// What hands out the tokens that providers gave.
    #[must_use]
    pub fn custody(&self) -> Custody {
        Custody {
            store: Arc::clone(&self.stores.provider_tokens),
            tokens: Arc::clone(&self.tokens),
            upstream: Arc::clone(&self.upstream),
            clock: Arc::clone(&self.clock),
        }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A fresh `UUIDv7`.
    #[must_use]
    pub fn fresh_uuid(&self) -> Uuid {
        uuid_v7(self.now(), &mut self.rng())
    }

    /// A cryptographic random source.
    #[must_use]
    pub fn rng(&self) -> impl CryptoRng + use<> {
        system_rng()
    }
}
