//! Effective scope: asked, and allowed to the client, and permitted to the person. Each of the three with all that it
//! implies, so that what is left never has a scope without those which that one implies.
//!
//! Owns: that rule, alone. Does not own: audiences (`model/audience`) or consent (`model/next_step`).

use crate::model::client::Client;
use crate::model::registry::Registry;
use crate::protocol::error::OAuthError;
use crate::protocol::ids::RoleName;
use crate::protocol::scope::{MOST_SCOPES, Scope, Scopes};

/// What to do with scopes that the client is not registered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unregistered {
    /// RFC 6749 3.3: refuse, naming them.
    Refuse,
    /// OpenID Connect Core 3.1.2.1: ignore them in an authorization request with `openid`.
    Ignore,
}

/// What a request asks for, after the client's registration: the asked scopes with what they imply, or the client's
/// `default_scope` when none was asked.
///
/// # Errors
/// `invalid_scope` when nothing is asked and there is no default, when a scope is not registered for the client, or when
/// it comes to more scopes than are kept of anything.
pub fn requested(
    asked: &Scopes,
    client: &Client,
    registry: &Registry,
    unregistered: Unregistered,
) -> Result<Scopes, OAuthError> {
    if asked.is_empty() {
        return if client.default_scope.is_empty() {
            Err(OAuthError::invalid_scope("scope is missing, and the client has no default_scope"))
        } else {
            usable(&client.default_scope, client)
        };
    }
    let foreign = asked.without(&client.scope);
    if !foreign.is_empty() && unregistered == Unregistered::Refuse {
        return Err(OAuthError::invalid_scope(format!(
            "not registered for client {}: {foreign} (add it to scope of the client)",
            client.client_id
        )));
    }
    let asked = registry.with_implied(asked);
    usable(&asked.filter(|scope| client.scope.contains(scope)), client)
}

/// Without `offline_access` where the client has no refresh tokens that it could mean. A request is short, and what it
/// implies need not be: more than can be read again is not stored.
fn usable(scope: &Scopes, client: &Client) -> Result<Scopes, OAuthError> {
    let usable =
        if client.may_refresh() { scope.clone() } else { scope.filter(|scope| scope.as_str() != "offline_access") };
    if usable.len() > MOST_SCOPES {
        return Err(OAuthError::invalid_scope(format!("with what they imply, more than {MOST_SCOPES} scopes")));
    }
    Ok(usable)
}

/// Whether a scope may be granted to a person, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission<'r> {
    /// Yes: scopes of OpenID Connect need no role.
    OpenId,
    /// Yes: a role of the person has it.
    Role(&'r RoleName),
    /// Yes: a role that every person has.
    DefaultRole(&'r RoleName),
    /// No: none of the person's roles has it.
    NoRole,
    /// No: no API has it.
    NoApi,
}

impl Permission<'_> {
    /// Whether it may.
    #[must_use]
    pub const fn is_granted(self) -> bool {
        matches!(self, Self::OpenId | Self::Role(_) | Self::DefaultRole(_))
    }
}

/// Whether this scope may be granted to a person with these roles.
#[must_use]
pub fn permission<'r>(scope: &Scope, roles: &[RoleName], registry: &'r Registry) -> Permission<'r> {
    if scope.is_openid() {
        return Permission::OpenId;
    }
    if registry.owner(scope).is_none() {
        return Permission::NoApi;
    }
    let having = || registry.roles().iter().filter(|role| role.scopes.contains(scope));
    let own = having().find(|role| roles.contains(&role.name)).map(|role| Permission::Role(&role.name));
    let default = || having().find(|role| role.default).map(|role| Permission::DefaultRole(&role.name));
    own.or_else(default).unwrap_or(Permission::NoRole)
}

/// What of it this person may be granted: OpenID scopes, and API scopes that one of the person's roles
/// or a default role has.
#[must_use]
pub fn permitted(requested: &Scopes, roles: &[RoleName], registry: &Registry) -> Scopes {
    requested.filter(|scope| permission(scope, roles, registry).is_granted())
}
