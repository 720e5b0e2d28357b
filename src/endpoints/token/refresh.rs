//! `grant_type=refresh_token` (RFC 6749 6, RFC 9700 4.14.2, OpenID Connect Core 12).
//!
//! Owns: the order of the checks, and that whatever is refused for its parameters leaves the token
//! unused. Does not own: what a generation means (`model/refresh`) or that one of many rotates (`store`).
//!
//! The order: the token's MAC, its grant, the client, the person, reuse, scope, target; and only then the
//! rotation, after which nothing can be refused any more.

use secrecy::ExposeSecret as _;

use crate::app::App;
use crate::endpoints::token::issue::{IdTokenFacts, Issue, Subject};
use crate::endpoints::token::target::{Resources, target};
use crate::model::client::AuthenticatedClient;
use crate::model::grant::Grant;
use crate::model::permissions::permitted;
use crate::model::person::User;
use crate::model::refresh::{Family, Rotation};
use crate::model::revocation::Revocation;
use crate::protocol::claims::SingleClaims;
use crate::protocol::error::OAuthError;
use crate::protocol::scope::Scopes;
use crate::protocol::time::Timestamp;
use crate::protocol::token_request::RefreshRequest;
use crate::protocol::token_response::TokenResponse;
use crate::web::error::ApiError;

/// Issues again.
pub(super) async fn exchange(
    app: &App,
    client: &AuthenticatedClient,
    request: &RefreshRequest,
) -> Result<TokenResponse, ApiError> {
    let now = app.now();
    let Presented { grant, family, user, generation } = find(app, client, request).await?;
    let rules = client.refresh.rules(&app.config.lifetimes.refresh);
    // Before what the parameters say: whoever shows an old token shows that it leaked.
    if family.present(generation, &rules, now) == Rotation::Reused {
        rotate(app, &grant, generation, now, client).await?;
        return Err(refused().into());
    }
    let scope = narrowed(app, client, &grant, &user, &request.scope)?;
    let resources = Resources { granted: family.resource.as_deref(), asked: request.resource.as_deref() };
    let destination = target(app, client, &resources, &scope)?;
    let current = rotate(app, &grant, generation, now, client).await?;
    // A password grant has no session and gave no ID token (OpenID Connect Core 12.2: it may be left out).
    let session = grant.session_id.filter(|_| scope.has("openid"));
    let id_token = session.map(|session| IdTokenFacts { nonce: None, session });
    let subject = Subject::Person { user: &user, grant: grant.id, sign_in: &family.sign_in };
    let claims = if scope.has("openid") { grant.claims.within(&client.scope) } else { SingleClaims::default() };
    let issue = Issue { client, subject, scope: &scope, claims: &claims, destination, now };
    Ok(issue.run_with_refresh(app, id_token, (grant.id, Some(current))).await?)
}

/// A refresh token of this client whose grant and person still hold.
struct Presented {
    grant: Grant,
    family: Family,
    user: User,
    generation: u32,
}

/// One text for every cause: it tells a thief nothing.
fn refused() -> OAuthError {
    OAuthError::invalid_grant("the refresh token is unknown, expired, revoked or was replaced by a newer one")
}

/// A token in the hands of another client changes nothing: that client was authenticated, its owner was not.
async fn find(app: &App, client: &AuthenticatedClient, request: &RefreshRequest) -> Result<Presented, ApiError> {
    let presented = app.read_refresh_token(request.refresh_token.expose_secret()).await;
    let (id, generation) = presented.ok_or_else(refused)?;
    let (grant, user) = app.stores.grants.find_with_person(id).await?.ok_or_else(refused)?;
    if grant.client_id != client.client_id {
        return Err(refused().into());
    }
    // Its row says so too, a moment later: the grants of a client end in turns.
    if app.negative.has_client_ended(&grant.client_id, grant.created_at) {
        return Err(refused().into());
    }
    let family = grant.refresh.clone().ok_or_else(refused)?;
    if !grant.holds(&user) {
        return Err(refused().into());
    }
    Ok(Presented { grant, family, user, generation })
}

/// What this access token gets: at most what was granted, is still registered for the client and still
/// permitted to the person. The grant itself keeps what it has, so that a later request may ask for it.
fn narrowed(
    app: &App,
    client: &AuthenticatedClient,
    grant: &Grant,
    user: &User,
    asked: &Scopes,
) -> Result<Scopes, OAuthError> {
    let more = asked.without(&grant.scope);
    if !more.is_empty() {
        return Err(OAuthError::invalid_scope(format!("not in the grant of this refresh token: {more}")));
    }
    // What is implied since the grant was made is no part of it.
    let asked = app.registry().with_implied(if asked.is_empty() { &grant.scope } else { asked });
    let registered = asked.filter(|scope| grant.scope.contains(scope) && client.scope.contains(scope));
    let scope = permitted(&registered, &user.roles, app.registry());
    if scope.is_empty() {
        return Err(OAuthError::invalid_scope("the person may no longer be granted any of these scopes"));
    }
    Ok(scope)
}

/// The generation to hand out.
async fn rotate(
    app: &App,
    grant: &Grant,
    generation: u32,
    now: Timestamp,
    client: &AuthenticatedClient,
) -> Result<u32, ApiError> {
    let rules = client.refresh.rules(&app.config.lifetimes.refresh);
    match app.stores.grants.rotate(grant, generation, &rules, now).await? {
        Rotation::Rotated(family) | Rotation::Kept(family) => Ok(family.generation),
        Rotation::Again(current) => Ok(current),
        Rotation::Reused => {
            tracing::warn!(grant = %grant.id, client_id = %client.client_id, "a refresh token was used again: its grant is revoked");
            app.negative.note(&Revocation::of_grant(grant.id, now));
            Err(refused().into())
        }
        Rotation::Refused => Err(refused().into()),
    }
}
