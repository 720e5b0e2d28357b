//! RFC 9068 4, RFC 8725: the order of the checks. Nothing of a token is believed before its signature.
//!
//! Owns: that order, and what an API accepts. Does not own: the form (`jws`), keys (`keys`), the types of claims
//! (`token`), scopes and revocation (`guard`).

use std::sync::Arc;

use crate::jws::Parts;
use crate::keys::{Algorithm, KeySource, PublicKey};
use crate::refusal::{Fault, Refusal};
use crate::token::AccessToken;

/// What an API accepts.
pub(crate) struct Policy {
    pub(crate) issuer: String,
    /// Not empty.
    pub(crate) audiences: Vec<String>,
    pub(crate) algorithms: Vec<Algorithm>,
    /// Seconds by which clocks may differ.
    pub(crate) leeway: i64,
    /// Claims that must be there beside those of RFC 9068.
    pub(crate) required: Vec<String>,
}

impl Policy {
    /// Checks form, header, key, signature, claims, in this order. The key is what the token's own stands and falls with.
    pub(crate) async fn verify(
        &self,
        token: &str,
        keys: &dyn KeySource,
        now: i64,
    ) -> Result<(AccessToken, Arc<PublicKey>), Refusal> {
        let parts = Parts::split(token)?;
        let (kid, algorithm) = parts.header()?;
        if !self.algorithms.contains(&algorithm) {
            return Err(Fault::Algorithm.into());
        }
        // Before a key is looked for: what is no base64url has no signature by any.
        let signature = parts.signature()?;
        let key = keys.find(&kid).await?.ok_or(Fault::UnknownKey)?;
        // The key decides the algorithm, not the token (RFC 8725 3.1).
        if key.algorithm() != algorithm {
            return Err(Fault::OtherAlgorithm.into());
        }
        if !key.verifies(parts.message.as_bytes(), &signature) {
            return Err(Fault::Signature.into());
        }
        let token = AccessToken::read(parts.claims()?)?;
        self.accepts(&token)?;
        self.in_time(&token, now)?;
        Ok((token, key))
    }

    fn accepts(&self, token: &AccessToken) -> Result<(), Fault> {
        if token.issuer != self.issuer {
            return Err(Fault::Issuer);
        }
        if !token.audience.iter().any(|audience| self.audiences.contains(audience)) {
            return Err(Fault::Audience);
        }
        if token.claim("cnf").is_some() {
            return Err(Fault::Bound);
        }
        if self.required.iter().any(|name| token.claim(name).is_none()) {
            return Err(Fault::MissingClaim);
        }
        Ok(())
    }

    /// The one check that changes while a token stays the same.
    pub(crate) fn in_time(&self, token: &AccessToken, now: i64) -> Result<(), Fault> {
        let (early, late) = (now.saturating_sub(self.leeway), now.saturating_add(self.leeway));
        if token.expires_at <= early {
            return Err(Fault::Expired);
        }
        if token.issued_at > late || token.not_before.is_some_and(|not_before| not_before > late) {
            return Err(Fault::NotYetValid);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
