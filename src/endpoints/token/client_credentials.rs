//! `grant_type=client_credentials` (RFC 6749 4.4): a client acts as itself.
//!
//! Owns: which scopes it gets. Does not own: the token (`issue`).

use crate::app::App;
use crate::endpoints::token::issue::{Issue, Subject};
use crate::model::asking::asked;
use crate::model::audience::destination;
use crate::model::client::AuthenticatedClient;
use crate::protocol::claims::SingleClaims;
use crate::protocol::error::OAuthError;
use crate::protocol::token_request::{ClientCredentialsRequest, GrantType};
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
    // OpenID scopes are about a person, and there is none: asked for they are refused, in the client's
    // `default_scope` (which serves its other grants too) they are left out.
    let scope = asked(GrantType::ClientCredentials, &request.scope, resource, client, registry)?.scope;
    let fallback = app.config.lifetimes.access_token;
    let destination = destination(&scope, resource, client, registry, app.issuer(), fallback)?;
    let claims = SingleClaims::default();
    let issue = Issue { client, subject: Subject::Client, scope: &scope, claims: &claims, destination, now: app.now() };
    Ok(issue.run(app, None).await?)
}
