//! How the access tokens of an API are signed: with a key of ours, or with a secret that it shares with us.
//!
//! Owns: that choice, and what a shared secret must be. Does not own: signatures (`tokens`), reading
//! secrets (`config`).

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

use crate::model::signing_key::Algorithm;
use crate::protocol::opaque::TokenHash;

/// RFC 7518 3.2: a key of HS256 is at least as long as its hash.
const FEWEST_BYTES: usize = 32;

/// How access tokens for one API are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessTokenSigning {
    /// With our key of that algorithm: anybody verifies it with the published half.
    Key(Algorithm),
    /// HS256, with a secret of this API alone. Whoever verifies such a token could also make one, so
    /// nothing here accepts it but introspection and revocation, for that API alone.
    Secret(SharedSecret),
}

/// A secret that one API shares with this server.
#[derive(Clone)]
pub struct SharedSecret {
    secret: SecretString,
    kid: String,
}

impl SharedSecret {
    /// The secret of the API of that audience; `None` when it is shorter than 32 bytes.
    #[must_use]
    pub fn new(secret: SecretString, audience: &str) -> Option<Self> {
        // The name says nothing of the secret, and no thumbprint of a published key looks like it.
        let kid = format!("hs256-{}", TokenHash::of(audience.as_bytes()).log_prefix());
        (secret.expose_secret().len() >= FEWEST_BYTES).then_some(Self { secret, kid })
    }

    /// Its bytes, as the API has them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.secret.expose_secret().as_bytes()
    }

    /// What `kid` is in tokens that it signs.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Whether it is the same secret, whichever API has it; in constant time.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        TokenHash::of(self.expose()).matches(&TokenHash::of(other.expose()))
    }
}

impl PartialEq for SharedSecret {
    fn eq(&self, other: &Self) -> bool {
        self.kid == other.kid && self.is_same(other)
    }
}

impl Eq for SharedSecret {}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSecret").field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_at_least_32_bytes_and_is_not_shown() {
        let of = |length: usize| SharedSecret::new("s3cr3t!".repeat(8).get(..length).unwrap().into(), "https://a");
        assert!(of(31).is_none());
        let secret = of(32).unwrap();
        assert!(!format!("{secret:?}").contains("s3cr3t") && !secret.kid().contains("s3cr3t"));
    }
}
