//! A plain OAuth 2 provider with an endpoint that says whose a token is.
//!
//! Owns: those two requests. Does not own: the paths of its claims (`profile`).

use url::Url;

use crate::model::identity::{IdentityKey, UpstreamAuthentication};
use crate::model::provider::{OAuth2Endpoints, Provider};
use crate::protocol::time::Timestamp;
use crate::upstream::error::{Reason, UpstreamError};
use crate::upstream::exchange::{SecretIn, authorization_url, exchange};
use crate::upstream::guard::{self, Guard};
use crate::upstream::identity::UpstreamIdentity;
use crate::upstream::{Homeward, Outward, profile};

use secrecy::ExposeSecret as _;

pub(super) fn begin(
    provider: &Provider,
    endpoints: &OAuth2Endpoints,
    outward: &Outward<'_>,
) -> Result<Url, UpstreamError> {
    authorization_url(provider, &endpoints.authorization, outward, &[])
}

pub(super) async fn finish(
    guard: &Guard,
    provider: &Provider,
    endpoints: &OAuth2Endpoints,
    homeward: &Homeward<'_>,
    now: Timestamp,
) -> Result<UpstreamIdentity, UpstreamError> {
    let tokens = exchange(guard, provider, (&endpoints.token, SecretIn::Header), homeward, now).await?;
    let claims = guard.get_object(&endpoints.userinfo, tokens.access_token.expose_secret()).await?;
    let subject = profile::subject(&claims, &provider.claims.subject).ok_or_else(|| {
        let why = format!("{} answered no subject at the configured path", guard::shown(&endpoints.userinfo));
        UpstreamError::new(Reason::Subject, why)
    })?;
    let key = IdentityKey { provider: provider.id.clone(), issuer: endpoints.issuer.clone(), subject };
    let profile = profile::read(provider, &[&claims]);
    UpstreamIdentity::new(key, profile, UpstreamAuthentication::default(), tokens.to_keep(provider))
}
