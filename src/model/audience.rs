//! Which API an access token is for (RFC 8707, RFC 9068 3).
//!
//! Owns: that rule, alone. Does not own: which scopes are granted (`model/permissions`).

use std::time::Duration;

use crate::model::client::Client;
use crate::model::registry::{Api, Registry};
use crate::model::shared_secret::AccessTokenSigning;
use crate::model::signing_key::Algorithm;
use crate::protocol::access_token::Audience;
use crate::protocol::error::OAuthError;
use crate::protocol::issuer::Issuer;
use crate::protocol::scope::{Scope, Scopes};

/// Where a token goes and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// `aud`.
    pub audience: Audience,
    /// How it is signed.
    pub signing: AccessTokenSigning,
    /// How long it lives.
    pub lifetime: Duration,
}

/// Narrows what is requested to one API.
///
/// # Errors
/// `invalid_target` when the resource is not an API of this client; `invalid_scope` when scopes of
/// another API stand beside it, scopes of two APIs stand without `resource`, or `openid` stands beside an
/// API that shares its secret.
pub fn check_target(
    requested: &Scopes,
    resource: Option<&str>,
    client: &Client,
    registry: &Registry,
) -> Result<(), OAuthError> {
    let owners = owners(requested, registry);
    let Some(resource) = resource else {
        return match owners.as_slice() {
            [] => Ok(()),
            [api] => check_openid(requested, api),
            [first, second, ..] => Err(OAuthError::invalid_scope(format!(
                "the scopes belong to two APIs, {} and {}: ask for one with resource",
                first.audience, second.audience
            ))),
        };
    };
    let api = allowed_api(resource, client, registry)?;
    match owners.iter().find(|owner| owner.audience != api.audience) {
        None => check_openid(requested, api),
        Some(other) => Err(OAuthError::invalid_scope(format!(
            "resource is {} but the scopes also name {}",
            api.audience, other.audience
        ))),
    }
}

/// A token that the API could have made must open nothing here, so none is made that would.
fn check_openid(requested: &Scopes, api: &Api) -> Result<(), OAuthError> {
    match api.signing {
        AccessTokenSigning::Secret(_) if requested.has("openid") => Err(OAuthError::invalid_scope(format!(
            "tokens for {} are signed with a secret that it shares (HS256): ask for its scopes without openid",
            api.audience
        ))),
        _ => Ok(()),
    }
}

/// The client's `default_scope` beside a `resource`: its OpenID scopes and those of that API.
#[must_use]
pub fn narrowed(scope: &Scopes, resource: Option<&str>, registry: &Registry) -> Scopes {
    let fits = |scope: &Scope| match (registry.owner(scope), resource) {
        (Some(owner), Some(resource)) => owner.audience == resource,
        _ => true,
    };
    scope.filter(fits)
}

/// An API that the client may have tokens for: it has a scope there, or it is its default audience.
fn allowed_api<'a>(resource: &str, client: &Client, registry: &'a Registry) -> Result<&'a Api, OAuthError> {
    let has_scope = |api: &Api| client.scope.iter().any(|scope| api.scopes.iter().any(|known| known.name == *scope));
    registry
        .find_api(resource)
        .filter(|api| has_scope(api) || client.default_audience.as_deref() == Some(resource))
        .ok_or_else(|| OAuthError::invalid_target("resource is not the audience of an API that this client may use"))
}

/// Resolves the destination of a token with these granted scopes. `resource` is what was asked for
/// and passed [`check_target`]; `fallback` is the global lifetime.
///
/// # Errors
/// As [`check_target`]; it is checked again here, so that no caller can forget it.
pub fn destination(
    granted: &Scopes,
    resource: Option<&str>,
    client: &Client,
    registry: &Registry,
    issuer: &Issuer,
    fallback: Duration,
) -> Result<Destination, OAuthError> {
    check_target(granted, resource, client, registry)?;
    let api = match resource {
        Some(resource) => Some(allowed_api(resource, client, registry)?),
        None => owners(granted, registry).first().copied(),
    };
    let main = match (api, &client.default_audience) {
        (Some(api), _) => api.audience.clone(),
        (None, Some(default)) => default.clone(),
        (None, None) => issuer.as_str().to_owned(),
    };
    let api = api.or_else(|| registry.find_api(&main));
    let mut list = vec![main];
    if granted.has("openid") && resource.is_none() && list.iter().all(|audience| audience != issuer.as_str()) {
        list.push(issuer.as_str().to_owned());
    }
    let own = [api.and_then(|api| api.access_token_lifetime), client.access_token_lifetime];
    Ok(Destination {
        audience: Audience::from_list(list),
        signing: api.map_or(AccessTokenSigning::Key(Algorithm::ES256), |api| api.signing.clone()),
        lifetime: own.into_iter().flatten().min().unwrap_or(fallback),
    })
}

fn owners<'a>(scopes: &Scopes, registry: &'a Registry) -> Vec<&'a Api> {
    let mut owners: Vec<&Api> = Vec::new();
    for owner in scopes.iter().filter_map(|scope| registry.owner(scope)) {
        if owners.iter().all(|known| known.audience != owner.audience) {
            owners.push(owner);
        }
    }
    owners
}
