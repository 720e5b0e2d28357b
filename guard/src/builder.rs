//! How a guard is made.
//!
//! Owns: the settings, their defaults, and that no guard stands open by mistake. Does not own: what they do.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::guard::{Guard, Parts};
use crate::keys::{Algorithm, KeySource};
use crate::revocation::RevocationCheck;
use crate::seen::Seen;
use crate::verify::Policy;

/// By how much clocks may differ, unless told otherwise, and at most.
const LEEWAY: Duration = Duration::from_secs(30);
const MOST_LEEWAY: Duration = Duration::from_mins(2);
/// Tokens remembered: about a KiB each.
const SEEN: usize = 8_192;

/// Makes a [`Guard`]; see [`Guard::builder`].
#[must_use]
pub struct GuardBuilder {
    issuer: String,
    audiences: Vec<String>,
    algorithms: Vec<Algorithm>,
    leeway: Duration,
    required: Vec<String>,
    remembered: usize,
    clock: Arc<dyn Clock>,
    keys: Option<Box<dyn KeySource>>,
    revocation: Option<Box<dyn RevocationCheck>>,
    #[cfg(feature = "remote")]
    introspection: Option<(String, String)>,
}

/// Why a guard cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Any token of the issuer would do, whatever API it is for.
    #[error("a guard needs the audience of its API")]
    NoAudience,
    /// It stands in `WWW-Authenticate`.
    #[error("the audience '{0}' is empty or has a quote, a backslash or what cannot be printed")]
    Audience(String),
    /// Nothing would ever be accepted.
    #[error("a guard needs an algorithm")]
    NoAlgorithm,
    /// Clocks do not differ that much.
    #[error("a leeway is at most two minutes")]
    Leeway,
    /// Not an issuer of RFC 8414.
    #[error("the issuer '{issuer}' {why}")]
    Issuer {
        /// As it was given.
        issuer: String,
        /// What is wrong.
        why: &'static str,
    },
    /// Without the feature `remote` keys do not come by themselves.
    #[error("a guard needs keys: GuardBuilder::keys, or the feature `remote`")]
    NoKeys,
    /// Who brings keys has told no issuer to ask.
    #[error("introspection asks the issuer that the keys come from: it does not go together with GuardBuilder::keys")]
    IntrospectionWithKeys,
}

impl GuardBuilder {
    pub(crate) fn new(issuer: String) -> Self {
        Self {
            issuer,
            audiences: Vec::new(),
            algorithms: Algorithm::ALL.to_vec(),
            leeway: LEEWAY,
            required: Vec::new(),
            remembered: SEEN,
            clock: Arc::new(SystemClock),
            keys: None,
            revocation: None,
            #[cfg(feature = "remote")]
            introspection: None,
        }
    }

    /// The audience of this API: a token must name it in `aud`. Called again, either will do.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Which algorithms are accepted; all of [`Algorithm::ALL`] otherwise. The key decides anyway.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// By how much the clocks of issuer and API may differ: 30 seconds otherwise, at most two minutes.
    pub const fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// A claim that must be there, beside `iss`, `sub`, `aud`, `client_id`, `exp`, `iat` and `jti` (RFC 9068 2.2).
    pub fn require_claim(mut self, name: impl Into<String>) -> Self {
        self.required.push(name.into());
        self
    }

    /// How many verified tokens are remembered: 8,192 otherwise, none for 0.
    pub const fn remember(mut self, tokens: usize) -> Self {
        self.remembered = tokens;
        self
    }

    /// Another clock, for tests.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Keys from elsewhere than the issuer's JWK Set.
    pub fn keys(mut self, keys: impl KeySource + 'static) -> Self {
        self.keys = Some(Box::new(keys));
        self
    }

    /// A check of revocations at every use. Without one a token is good until it expires.
    pub fn revocation(mut self, check: impl RevocationCheck + 'static) -> Self {
        self.revocation = Some(Box::new(check));
        self
    }

    /// Asks the issuer at every use whether the token still stands (RFC 7662), as a client with a secret. It comes
    /// in the place of [`GuardBuilder::revocation`].
    #[cfg(feature = "remote")]
    pub fn introspection(mut self, client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        self.introspection = Some((client_id.into(), client_secret.into()));
        self
    }

    /// Makes it. Nothing is fetched before the first token comes.
    ///
    /// # Errors
    /// [`BuildError`]: what is missing or cannot be.
    pub fn build(mut self) -> Result<Guard, BuildError> {
        let Some(realm) = self.audiences.first().map(|audience| audience.as_str().into()) else {
            return Err(BuildError::NoAudience);
        };
        let printable = |byte: u8| matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\';
        if let Some(bad) = self.audiences.iter().find(|text| text.is_empty() || !text.bytes().all(printable)) {
            return Err(BuildError::Audience(bad.clone()));
        }
        if self.algorithms.is_empty() {
            return Err(BuildError::NoAlgorithm);
        }
        if self.leeway > MOST_LEEWAY {
            return Err(BuildError::Leeway);
        }
        let keys = self.key_source()?;
        let policy = Policy {
            issuer: self.issuer,
            audiences: self.audiences,
            algorithms: self.algorithms,
            leeway: i64::try_from(self.leeway.as_secs()).unwrap_or(0),
            required: self.required,
        };
        let seen = Seen::new(self.remembered);
        Ok(Guard::of(Parts { policy, realm, clock: self.clock, keys, revocation: self.revocation, seen }))
    }

    #[cfg(feature = "remote")]
    fn key_source(&mut self) -> Result<Box<dyn KeySource>, BuildError> {
        let introspection = self.introspection.take();
        if let Some(keys) = self.keys.take() {
            return if introspection.is_some() { Err(BuildError::IntrospectionWithKeys) } else { Ok(keys) };
        }
        let remote = crate::remote::Remote::new(&self.issuer, Arc::clone(&self.clock))?;
        if let Some((client_id, secret)) = introspection {
            self.revocation = Some(Box::new(remote.introspection(&client_id, &secret)));
        }
        Ok(Box::new(remote))
    }

    #[cfg(not(feature = "remote"))]
    fn key_source(&mut self) -> Result<Box<dyn KeySource>, BuildError> {
        self.keys.take().ok_or(BuildError::NoKeys)
    }
}

/// Without the secret.
impl fmt::Debug for GuardBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardBuilder")
            .field("issuer", &self.issuer)
            .field("audiences", &self.audiences)
            .field("algorithms", &self.algorithms)
            .field("leeway", &self.leeway)
            .finish_non_exhaustive()
    }
}
