//! Which API a token of a grant goes to (RFC 8707 2.2), at the first issue and at each refresh.
//!
//! Owns: that a request never widens what was granted. Does not own: audiences (`model/audience`).

use crate::app::App;
use crate::model::audience::{Destination, destination};
use crate::model::client::AuthenticatedClient;
use crate::protocol::error::OAuthError;
use crate::protocol::scope::Scopes;

/// The `resource` of the authorization request and of this one.
pub(super) struct Resources<'a> {
    /// Of the grant.
    pub(super) granted: Option<&'a str>,
    /// Asked now.
    pub(super) asked: Option<&'a str>,
}

/// The request may repeat the resource of the grant, or narrow to the API that owns what was granted.
///
/// # Errors
/// `invalid_target`, and as [`destination`].
pub(super) fn target(
    app: &App,
    client: &AuthenticatedClient,
    resources: &Resources<'_>,
    scope: &Scopes,
) -> Result<Destination, OAuthError> {
    let registry = app.registry();
    let resource = match (resources.granted, resources.asked) {
        (Some(granted), Some(asked)) if granted != asked => {
            return Err(OAuthError::invalid_target("resource differs from the one of the authorization request"));
        }
        (None, Some(asked)) => {
            let owns = scope.iter().any(|scope| registry.owner(scope).is_some_and(|api| api.audience == asked));
            if !owns {
                return Err(OAuthError::invalid_target("resource is not an API that owns a granted scope"));
            }
            Some(asked)
        }
        (granted, _) => granted,
    };
    destination(scope, resource, client, registry, app.issuer(), app.config.lifetimes.access_token)
}
