//! The verifier that a backend holds, and how it is made.
//!
//! Owns: what every use of a token goes through. Does not own: each step of it (`verify`, `seen`, `revocation`).

use std::fmt;
use std::sync::Arc;

use crate::builder::GuardBuilder;
use crate::clock::Clock;
use crate::keys::KeySource;
use crate::refusal::{Fault, Refusal};
use crate::revocation::{RevocationCheck, Standing};
use crate::scope::{RequiredScope, Token};
use crate::seen::{Entry, Seen};
use crate::token::AccessToken;
use crate::verify::Policy;

/// Verifies access tokens for one API. A clone is the same one: keys and memory are shared.
#[derive(Clone)]
pub struct Guard(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) policy: Policy,
    pub(crate) realm: Arc<str>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Box<dyn KeySource>,
    pub(crate) revocation: Option<Box<dyn RevocationCheck>>,
    pub(crate) seen: Option<Seen>,
}

impl Guard {
    /// Begins a guard for tokens of that issuer, which is compared character by character.
    pub fn builder(issuer: impl Into<String>) -> GuardBuilder {
        GuardBuilder::new(issuer.into())
    }

    pub(crate) fn of(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// What `WWW-Authenticate` names as the realm: the audience.
    #[must_use]
    pub fn realm(&self) -> &Arc<str> {
        &self.0.realm
    }

    /// Verifies a token.
    ///
    /// # Errors
    /// [`Refusal::InvalidToken`], or [`Refusal::Unavailable`] when keys or revocations cannot be had.
    pub async fn verify(&self, raw: &str) -> Result<Arc<AccessToken>, Refusal> {
        let Parts { policy, keys, clock, .. } = &*self.0;
        let now = clock.now();
        let memory = self.0.seen.as_ref().and_then(|seen| Seen::hash(raw).map(|hash| (seen, hash)));
        let remembered = match &memory {
            Some((seen, hash)) => self.remembered(seen, hash, now).await?,
            None => None,
        };
        let token = if let Some(token) = remembered {
            token
        } else {
            let (token, key) = policy.verify(raw, &**keys, now).await?;
            let token = Arc::new(token);
            if let Some((seen, hash)) = memory {
                seen.put(hash, Entry { token: Arc::clone(&token), key });
            }
            token
        };
        match &self.0.revocation {
            Some(check) => match check.check(raw, &token).await? {
                Standing::Good => Ok(token),
                Standing::Revoked => Err(Fault::Revoked.into()),
            },
            None => Ok(token),
        }
    }

    /// A token that was verified before, while its key is still one of the issuer's and its time has not passed.
    async fn remembered(&self, seen: &Seen, hash: &[u8; 32], now: i64) -> Result<Option<Arc<AccessToken>>, Refusal> {
        let Some(Entry { token, key }) = seen.find(hash) else { return Ok(None) };
        let current = self.0.keys.find(key.kid()).await?;
        if current.is_none_or(|current| current != key) {
            seen.forget(hash);
            return Ok(None);
        }
        let in_time = self.0.policy.in_time(&token, now);
        if in_time.is_err() {
            seen.forget(hash);
        }
        in_time.map(|()| Some(token)).map_err(Refusal::from)
    }

    /// Verifies a token and that it has the scopes of `S`.
    ///
    /// # Errors
    /// As [`Guard::verify`], and [`Refusal::InsufficientScope`].
    pub async fn authorize<S: RequiredScope>(&self, raw: &str) -> Result<Token<S>, Refusal> {
        let needed = Token::<S>::NEEDED;
        let token = self.verify(raw).await?;
        if token.has_scope(needed) { Ok(Token::proven(token)) } else { Err(Refusal::InsufficientScope { needed }) }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = &self.0.policy;
        f.debug_struct("Guard")
            .field("issuer", &policy.issuer)
            .field("audiences", &policy.audiences)
            .field("algorithms", &policy.algorithms)
            .finish_non_exhaustive()
    }
}
