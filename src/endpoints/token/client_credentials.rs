//! `grant_type=client_credentials` (RFC 6749 4.4): a client acts as itself.
//!
//! Owns: which scopes it gets. Does not own: the token (`issue`).

use crate::app::App;
use crate::endpoints::token::issue::{Issue, Subject};
use crate::model::audience::{check_target, destination, narrowed};
use crate::model::client::{AuthenticatedClient, Client};
use crate::model::permissions::{Unregistered, requested};
use crate::model::registry::Registry;
use crate::protocol::claims::SingleClaims;
use crate::protocol::error::OAuthError;
use crate::protocol::scope::{Scope, Scopes};
use crate::protocol::token_request::ClientCredentialsRequest;
use crate::protocol::token_response::TokenResponse;
use crate::web::error::ApiError;

/// Issues a token for the client itself. Nothing is stored: there is no person whose grant could end.
pub(super) async fn exchange(
    app: &App,
    client: &AuthenticatedClient,
    request: &ClientCredentialsRequest,
) -> Result<TokenResponse, ApiError> {
    if client.is_public() {
        // RFC 6749 4.4: anybody could say the name of a public client.
        let error = OAuthError::unauthorized_client("client_credentials needs a client with a secret");
        return Err(error.into());
    }
    let registry = app.registry();
    let resource = request.resource.as_deref();
    let scope = scope(request, client, registry)?;
    let fallback = app.config.lifetimes.access_token;
    let destination = destination(&scope, resource, client, registry, app.issuer(), fallback)?;
    let claims = SingleClaims::default();
    let issue = Issue { client, subject: Subject::Client, scope: &scope, claims: &claims, destination, now: app.now() };
    Ok(issue.run(app, None).await?)
}

/// OpenID scopes are about a person, and there is none: asked for they are refused, in the client's
/// `default_scope` (which serves its other grants too) they are left out.
fn scope(request: &ClientCredentialsRequest, client: &Client, registry: &Registry) -> Result<Scopes, OAuthError> {
    let personal = request.scope.filter(Scope::is_openid);
    if !personal.is_empty() {
        return Err(OAuthError::invalid_scope(format!(
            "with client_credentials nobody signs in: leave out {personal}"
        )));
    }
    let scope = requested(&request.scope, client, Unregistered::Refuse)?;
    let scope = if request.scope.is_empty() {
        narrowed(&scope, request.resource.as_deref(), registry).filter(|scope| !scope.is_openid())
    } else {
        scope
    };
    check_target(&scope, request.resource.as_deref(), client, registry)?;
    if scope.is_empty() {
        return Err(OAuthError::invalid_scope("no scope is left for this client here: name one in scope"));
    }
    Ok(scope)
}
