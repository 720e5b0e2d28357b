//! What one request asks for, after its grant and its client.
//!
//! Owns: the order in which scopes are narrowed before a person comes in, and why each was left out. Does
//! not own: each rule (`model/permissions`, `model/audience`) or what a person may be granted.

use crate::model::audience::{check_target, narrowed};
use crate::model::client::Client;
use crate::model::permissions::{Unregistered, requested};
use crate::model::registry::Registry;
use crate::protocol::error::OAuthError;
use crate::protocol::scope::{Scope, Scopes};
use crate::protocol::token_request::GrantType;

/// What is left, and what was left out on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Registered for the client and of one API; never empty.
    pub scope: Scopes,
    /// The others, in the order they were left out.
    pub left_out: Vec<(Scope, LeftOut)>,
}

/// Why a scope was left out, though the request goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// Not in `scope` of the client, beside `openid` (OpenID Connect Core 3.1.2.1).
    NotRegistered,
    /// `offline_access`, and the client has no refresh tokens that it could mean.
    NoRefreshTokens,
    /// In the client's `default_scope`, of another API than `resource` names.
    OtherApi,
    /// In the client's `default_scope`, and about a person, where nobody signs in.
    NobodySignsIn,
    /// `offline_access`, where there is no page on which a person could be asked.
    NoPage,
}

/// Narrows what a request asks for: to the client's registration, to one API, to what its grant can give.
///
/// # Errors
/// `invalid_scope` or `invalid_target`, as RFC 6749 3.3 and RFC 8707 2 have it.
pub fn asked(
    grant: GrantType,
    scope: &Scopes,
    resource: Option<&str>,
    client: &Client,
    registry: &Registry,
) -> Result<Asked, OAuthError> {
    let by_itself = grant == GrantType::ClientCredentials;
    let personal = scope.filter(|scope| by_itself && scope.is_openid());
    if !personal.is_empty() {
        return Err(OAuthError::invalid_scope(format!(
            "with client_credentials nobody signs in: leave out {personal}"
        )));
    }
    let may_ignore = grant == GrantType::AuthorizationCode && scope.has("openid");
    let unregistered = if may_ignore { Unregistered::Ignore } else { Unregistered::Refuse };
    let mut narrowing = Narrowing {
        scope: if scope.is_empty() { client.default_scope.clone() } else { registry.with_implied(scope) },
        left_out: Vec::new(),
    };
    narrowing.to(requested(scope, client, registry, unregistered)?, |scope| {
        if client.scope.contains(scope) { LeftOut::NoRefreshTokens } else { LeftOut::NotRegistered }
    });
    if scope.is_empty() {
        narrowing.to(narrowed(&narrowing.scope, resource, registry), |_| LeftOut::OtherApi);
    }
    narrowing.to(narrowing.scope.filter(|scope| !by_itself || !scope.is_openid()), |_| LeftOut::NobodySignsIn);
    check_target(&narrowing.scope, resource, client, registry)?;
    let has_page = grant != GrantType::Password;
    let kept = narrowing.scope.filter(|scope| has_page || scope.as_str() != "offline_access");
    narrowing.to(kept, |_| LeftOut::NoPage);
    if narrowing.scope.is_empty() {
        return Err(OAuthError::invalid_scope("no scope is left for this client here: name one in scope"));
    }
    Ok(Asked { scope: narrowing.scope, left_out: narrowing.left_out })
}

struct Narrowing {
    scope: Scopes,
    left_out: Vec<(Scope, LeftOut)>,
}

impl Narrowing {
    fn to(&mut self, kept: Scopes, why: impl Fn(&Scope) -> LeftOut) {
        let gone = self.scope.without(&kept);
        self.left_out.extend(gone.iter().map(|scope| (scope.clone(), why(scope))));
        self.scope = kept;
    }
}
