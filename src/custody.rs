//! The tokens that providers gave for people: who asks gets one that is live.
//!
//! Owns: when one is refreshed, that it is refreshed once, and what becomes of tokens that a provider takes no more. Does
//! not own: the request (`upstream`), sealing (`tokens`), what is atomic (`store`), that tokens are kept at a sign-in
//! (`accounts`), or who may have one: no endpoint hands one out. Token exchange (RFC 8693) will, to clients that may.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::clock::{Clock, system_rng};
use crate::model::identity::IdentityKey;
use crate::model::provider::Provider;
use crate::model::provider_tokens::{KeptTokens, ProviderTokens, is_live};
use crate::protocol::time::Timestamp;
use crate::store::{ProviderTokenStore, StoreError};
use crate::tokens::{TokenError, Tokens};
use crate::upstream::{Group, Refreshed, Upstream, UpstreamError};

/// How long one who refreshes has the tokens to itself: longer than a provider and the store together take. Whoever dies
/// meanwhile keeps others waiting no longer.
const CLAIM: Duration = Duration::from_secs(30);
/// How often and how far apart somebody looks who waits for another.
const LOOKS: u32 = 120;
const PAUSE: Duration = Duration::from_millis(50);

/// What hands out the tokens that providers gave. Cheap to make.
#[derive(Clone)]
pub struct Custody {
    /// Where they are kept.
    pub store: Arc<dyn ProviderTokenStore>,
    /// Seals and opens them.
    pub tokens: Arc<Tokens>,
    /// Refreshes them.
    pub upstream: Arc<Upstream>,
    /// Tells when.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Custody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Custody").finish_non_exhaustive()
    }
}

/// An access token of a provider (RFC 6750), live now. Its `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct LiveToken {
    /// The token.
    pub access_token: SecretString,
    /// What it is good for there, separated by spaces.
    pub scope: String,
    /// When it ends; `None` where the provider does not say.
    pub expires_at: Option<Timestamp>,
}

impl From<ProviderTokens> for LiveToken {
    fn from(tokens: ProviderTokens) -> Self {
        let ProviderTokens { access_token, scope, expires_at, refresh_token: _ } = tokens;
        Self { access_token, scope, expires_at }
    }
}

/// Why only a sign-in at the provider helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// Nothing is kept of the identity: `store_tokens` is off, or was at its last sign-in.
    NothingKept,
    /// The access token has ended, and the provider gave no refresh token.
    Expired,
    /// The provider takes the refresh token no more; what was kept is forgotten.
    Withdrawn,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    /// The person has to sign in there again.
    #[error("the person has to sign in at the provider again: {0:?}")]
    SignInThere(Lack),
    /// The provider refused, or cannot be reached; what is kept stays.
    #[error("the provider did not refresh the token: {0}")]
    Provider(UpstreamError),
    /// Somebody else refreshes it, and does not come to an end.
    #[error("the token is being refreshed by somebody else")]
    Busy,
    /// What is kept cannot be opened, or not be sealed.
    #[error("the tokens cannot be opened or sealed")]
    Sealed(#[from] TokenError),
    /// The store failed.
    #[error("the tokens could not be read or stored")]
    Store(#[from] StoreError),
}

impl CustodyError {
    /// Whether the same may succeed in a while, without anybody's doing.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Provider(error) => error.reason().group() == Group::Unavailable,
            Self::Busy | Self::Store(_) => true,
            Self::SignInThere(_) | Self::Sealed(_) => false,
        }
    }
}

impl Custody {
    /// The access token of an identity, refreshed where it has ended or is about to. That the person may use their
    /// account, and the caller the token, is for the caller to know.
    ///
    /// Of any number that ask at once, on any instance, one asks the provider: it claims the tokens first. The others
    /// wait for what it stores. The refresh goes on to its end when the caller goes away, since the provider may take
    /// the old refresh token no more.
    ///
    /// # Errors
    /// Which of them a sign-in helps with, and which pass, the error says.
    pub async fn access_token(&self, provider: &Arc<Provider>, key: &IdentityKey) -> Result<LiveToken, CustodyError> {
        let lacks = |lack| Err(CustodyError::SignInThere(lack));
        if !provider.store_tokens || key.provider != provider.id {
            return lacks(Lack::NothingKept);
        }
        for _ in 0..LOOKS {
            let now = self.clock.now();
            let Some(kept) = self.store.find(key).await? else { return lacks(Lack::NothingKept) };
            let tokens = self.tokens.open_provider_tokens(key, &kept.tokens.sealed)?;
            if is_live(tokens.expires_at, now) {
                return Ok(tokens.into());
            }
            let Some(refresh_token) = tokens.refresh_token.clone() else { return lacks(Lack::Expired) };
            if kept.is_claimed(now) {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            let until = now.plus(CLAIM);
            if !self.store.claim(&kept, until, now).await? {
                continue;
            }
            let claimed = Claimed { custody: self.clone(), provider: Arc::clone(provider), kept, tokens, until };
            let refreshed = tokio::spawn(claimed.refresh(refresh_token, now)).await;
            if let Some(token) = refreshed.unwrap_or(Err(CustodyError::Busy))? {
                return Ok(token);
            }
        }
        Err(CustodyError::Busy)
    }
}

/// Tokens that this one has to itself.
struct Claimed {
    custody: Custody,
    provider: Arc<Provider>,
    kept: KeptTokens,
    tokens: ProviderTokens,
    until: Timestamp,
}

impl Claimed {
    /// `None` when something else is kept by the time that the provider has answered: the person signed in anew, or the
    /// claim was over. That counts then.
    async fn refresh(self, token: SecretString, now: Timestamp) -> Result<Option<LiveToken>, CustodyError> {
        let Self { custody, provider, kept, tokens, until } = self;
        let answer = match custody.upstream.refresh(&provider, &kept.key, &token, now).await {
            Ok(Refreshed::Tokens(answer)) => answer,
            Ok(Refreshed::Refused) => {
                if !custody.store.remove(&kept).await? {
                    return Ok(None);
                }
                let (provider, identity) = (provider.id.as_str(), kept.key.handle());
                tracing::info!(provider, identity, "the provider takes a refresh token no more: it is forgotten");
                return Err(CustodyError::SignInThere(Lack::Withdrawn));
            }
            Err(error) => {
                // Should it fail, the claim ends by itself.
                custody.store.release(&kept, until).await?;
                return Err(CustodyError::Provider(error));
            }
        };
        let tokens = tokens.refreshed_to(answer);
        let sealed = custody.tokens.seal_provider_tokens(&kept.key, &tokens, now, &mut system_rng())?;
        let stored = custody.store.replace(&kept, &sealed).await?;
        Ok(stored.then(|| tokens.into()))
    }
}
