//! What a revoked token takes along.
//!
//! Owns: that rule. Does not own: HTTP (`handler`).

use crate::app::App;
use crate::model::client::AuthenticatedClient;
use crate::model::revocation::Revocation;
use crate::store::StoreError;

/// Ends a token of this client: a refresh token, of whatever generation, takes its family and access
/// tokens along (RFC 7009 2.1), an access token only itself. Any other text, and tokens of other clients,
/// change nothing.
///
/// # Errors
/// When a store fails: then nothing is known to have ended.
pub(super) async fn end(app: &App, client: &AuthenticatedClient, token: &str) -> Result<(), StoreError> {
    let now = app.now();
    if let Some((id, _)) = app.read_refresh_token(token).await {
        let Some(grant) = app.stores.grants.find(id).await? else { return Ok(()) };
        if grant.client_id == client.client_id {
            app.stores.grants.revoke(id, now).await?;
            app.negative.note(&Revocation::of_grant(id, now));
            tracing::info!(grant = %id, client_id = %client.client_id, "a refresh token was revoked");
        }
        return Ok(());
    }
    let Ok(claims) = app.verify_access_token_of_any_api(token).await else { return Ok(()) };
    // One that is on the list already needs no second entry.
    if claims.client_id == client.client_id.as_str() && app.negative.covers(&claims) != Ok(true) {
        let revocation = Revocation::of_token(&claims, now);
        app.stores.revocations.add(&revocation).await?;
        app.negative.note(&revocation);
        tracing::info!(client_id = %client.client_id, "an access token was revoked");
    }
    Ok(())
}
