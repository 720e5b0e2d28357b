//! Refreshing the tokens of an identity at its provider (RFC 6749 6).
//!
//! Owns: that a refresh token goes to the issuer that gave it and to nobody else, in time, in one of the places of the
//! provider. Does not own: the request (`exchange`), or where the tokens are kept (`custody`).

use std::borrow::Cow;

use secrecy::SecretString;

use crate::model::identity::IdentityKey;
use crate::model::provider::{Protocol, Provider};
use crate::model::provider_tokens::RefreshedTokens;
use crate::protocol::time::Timestamp;
use crate::upstream::error::UpstreamError;
use crate::upstream::exchange::{self, SecretIn};
use crate::upstream::{Upstream, github, in_time, oidc};

/// What came of a refresh.
#[derive(Debug)]
pub enum Refreshed {
    /// New tokens.
    Tokens(RefreshedTokens),
    /// The provider takes the refresh token no more (`invalid_grant`).
    Refused,
}

impl Upstream {
    /// Gets new tokens for the refresh token of an identity.
    ///
    /// # Errors
    /// When the provider does not answer in time, or answers anything else than tokens and `invalid_grant`; when it is
    /// configured as another issuer now than the one that gave the token. Of a refused connection the token is as good
    /// as before; of an answer that did not come through nobody knows.
    pub async fn refresh(
        &self,
        provider: &Provider,
        key: &IdentityKey,
        token: &SecretString,
        now: Timestamp,
    ) -> Result<Refreshed, UpstreamError> {
        let work = async {
            if key.provider != provider.id {
                return Err(UpstreamError::of_another_issuer(provider));
            }
            let (issuer, endpoint, secret_in) = match &provider.protocol {
                Protocol::OpenId { issuer, .. } => {
                    return oidc::refresh(self, provider, issuer, (&key.issuer, token), now).await;
                }
                Protocol::GitHub { base, .. } => {
                    (github::issuer(base), Cow::Owned(github::token_endpoint(base)?), SecretIn::Body)
                }
                Protocol::OAuth2(endpoints) => {
                    (endpoints.issuer.as_str(), Cow::Borrowed(&endpoints.token), SecretIn::Header)
                }
            };
            if key.issuer != issuer {
                return Err(UpstreamError::of_another_issuer(provider));
            }
            exchange::refresh(&self.guard, provider, (&endpoint, secret_in), token, now).await
        };
        in_time(&self.lanes, provider, work).await
    }
}
