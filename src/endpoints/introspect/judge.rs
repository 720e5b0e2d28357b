//! What a caller is told about a token.
//!
//! Owns: that rule: an access token to the clients that its API names, a refresh token to its own client,
//! and to everybody else exactly `{"active":false}`. Does not own: HTTP (`handler`).

use crate::app::App;
use crate::model::client::AuthenticatedClient;
use crate::model::refresh::Rotation;
use crate::protocol::access_token::AccessTokenClaims;
use crate::protocol::ids::GrantId;
use crate::protocol::introspection::{Facts, Introspection};
use crate::web::error::ApiError;

/// Judges it now. For an access token no store is asked.
///
/// # Errors
/// When the list of revoked tokens is too old, or a store fails.
pub(super) async fn judge(app: &App, client: &AuthenticatedClient, token: &str) -> Result<Introspection, ApiError> {
    if let Some((grant, generation)) = app.read_refresh_token(token).await {
        return refresh_token(app, client, grant, generation).await;
    }
    let Ok(claims) = app.verify_access_token_of_any_api(token).await else { return Ok(Introspection::inactive()) };
    if !may_ask(app, client, &claims) || app.negative.covers(&claims)? {
        return Ok(Introspection::inactive());
    }
    // A client that was removed or disabled takes its tokens along.
    if app.registry().find_client(&claims.client_id).is_none() {
        return Ok(Introspection::inactive());
    }
    Ok(Introspection::of_access_token(claims))
}

/// Whether an API that the token is for names this client.
fn may_ask(app: &App, client: &AuthenticatedClient, claims: &AccessTokenClaims) -> bool {
    let names = |list: &[_]| list.contains(&client.client_id);
    app.registry().apis().iter().any(|api| names(&api.introspection_clients) && claims.aud.has(&api.audience))
}

/// Active when it would be accepted: nothing rotates by being looked at.
async fn refresh_token(
    app: &App,
    client: &AuthenticatedClient,
    grant: GrantId,
    generation: u32,
) -> Result<Introspection, ApiError> {
    let inactive = Ok(Introspection::inactive());
    let found = app.stores.grants.find(grant).await?;
    let Some(grant) = found.filter(|grant| grant.client_id == client.client_id) else { return inactive };
    let Some(family) = &grant.refresh else { return inactive };
    if app.negative.has_client_ended(&grant.client_id, grant.created_at) {
        return inactive;
    }
    let user = app.stores.users.find(grant.user_id).await?;
    if !user.is_some_and(|user| grant.holds(&user)) {
        return inactive;
    }
    let rules = client.refresh.rules(&app.config.lifetimes.refresh);
    match family.present(generation, &rules, app.now()) {
        Rotation::Rotated(_) | Rotation::Kept(_) | Rotation::Again(_) => {}
        Rotation::Reused | Rotation::Refused => return inactive,
    }
    Ok(Introspection::active(Facts {
        iss: app.issuer().as_str().to_owned(),
        sub: grant.user_id.to_string(),
        client_id: grant.client_id.to_string(),
        scope: grant.scope.clone(),
        exp: family.ends_at().seconds(),
        iat: grant.created_at.seconds(),
        aud: None,
        jti: None,
        token_type: None,
        authentication: Some(family.sign_in.claims()),
    }))
}
