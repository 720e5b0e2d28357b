//! `grant_type=authorization_code` (RFC 6749 4.1.3, RFC 7636 4.6, OpenID Connect Core 3.1.3).
//!
//! Owns: a code becomes a grant, once. Does not own: the checks of redemption (`model/code_grant`).
//!
//! A code is a pointer plus a fact: taking its record out of the ephemeral store is one atomic step,
//! and the unique key on its hash in the grant's row refuses a second redemption even where that store
//! was flushed, restored or failed over. Either way a replay after the first redemption is recognised and
//! the grant is revoked; one that arrives during it is refused, and changes nothing.

use secrecy::ExposeSecret as _;

use crate::app::App;
use crate::endpoints::token::issue::{IdTokenFacts, Issue, Subject, begin_family, grant_expiry};
use crate::endpoints::token::target::{Resources, target};
use crate::model::audience::Destination;
use crate::model::client::AuthenticatedClient;
use crate::model::code_grant::Redeemed;
use crate::model::grant::Grant;
use crate::model::permissions::permitted;
use crate::model::person::User;
use crate::model::refresh::Family;
use crate::model::revocation::Revocation;
use crate::protocol::claims::SingleClaims;
use crate::protocol::error::OAuthError;
use crate::protocol::ids::GrantId;
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::protocol::scope::Scopes;
use crate::protocol::time::Timestamp;
use crate::protocol::token_request::CodeRequest;
use crate::protocol::token_response::TokenResponse;
use crate::store::{GrantInserted, Taken};
use crate::web::error::ApiError;

/// Redeems the code and issues the tokens.
pub(super) async fn exchange(
    app: &App,
    client: &AuthenticatedClient,
    request: &CodeRequest,
) -> Result<TokenResponse, ApiError> {
    let now = app.now();
    // What cannot be a code of ours needs no store.
    let code = OpaqueToken::parse(request.code.expose_secret()).ok_or_else(unknown_code)?.hash();
    let redeemed = match app.stores.codes.take(&code).await? {
        Taken::Fresh(record) => record.redeem(client, request, now)?,
        Taken::Unknown => return Err(refuse_unknown(app, &code, now).await?),
    };
    let user = find_person(app, &redeemed).await?;
    let scope = permitted(&redeemed.scope, &user.roles, app.registry());
    if scope.is_empty() {
        return Err(OAuthError::invalid_scope("the person may no longer be granted any of these scopes").into());
    }
    let resources = Resources { granted: redeemed.resource.as_deref(), asked: request.resource.as_deref() };
    let destination = target(app, client, &resources, &scope)?;
    let family = begin_family(app, client, &scope, (&redeemed.sign_in, redeemed.resource.as_deref()), now);
    let generation = family.as_ref().map(|family| family.generation);
    // Single claims are a part of `openid`.
    let claims = if scope.has("openid") { redeemed.claims.within(&client.scope) } else { SingleClaims::default() };
    become_grant(app, &redeemed, code, (&scope, &claims, family), (now, &destination)).await?;
    let id_token =
        scope.has("openid").then(|| IdTokenFacts { nonce: redeemed.nonce.as_deref(), session: redeemed.session_id });
    let subject = Subject::Person { user: &user, grant: redeemed.grant_id, sign_in: &redeemed.sign_in };
    let issue = Issue { client, subject, scope: &scope, claims: &claims, destination, now };
    Ok(issue.run_with_refresh(app, id_token, (redeemed.grant_id, generation)).await?)
}

/// One text for never issued, lost, taken and replayed: it tells a thief nothing.
fn unknown_code() -> OAuthError {
    OAuthError::invalid_grant("the code is unknown, expired or was used before")
}

/// The record is gone: if the code became a grant, somebody uses it a second time, and the grant ends
/// (RFC 6749 4.1.2). Who asks does not matter: whoever holds a used code shows that it leaked.
async fn refuse_unknown(app: &App, code: &TokenHash, now: Timestamp) -> Result<ApiError, ApiError> {
    // Once revoked it stays revoked: more replays cost no write and fill no log.
    if let Some(grant) = app.stores.grants.find_by_code(code).await?.filter(|grant| grant.revoked_at.is_none()) {
        revoke_replayed(app, grant.id, now).await?;
    }
    Ok(unknown_code().into())
}

async fn revoke_replayed(app: &App, grant: GrantId, now: Timestamp) -> Result<(), ApiError> {
    tracing::warn!(%grant, "a code was used twice: its grant is revoked");
    app.stores.grants.revoke(grant, now).await?;
    app.negative.note(&Revocation::of_grant(grant, now));
    Ok(())
}

/// The person may have been disabled, the client removed, have signed out or have ended their sessions since the code was issued.
async fn find_person(app: &App, redeemed: &Redeemed) -> Result<User, ApiError> {
    app.stores
        .users
        .find(redeemed.user_id)
        .await?
        .filter(|user| !user.disabled && redeemed.sign_in.at >= user.valid_from)
        .filter(|_| !app.negative.has_ended(redeemed.session_id) && !is_orphaned(app, redeemed))
        .ok_or_else(|| OAuthError::invalid_grant("the sign-in behind this code has ended").into())
}

/// Whether its client was removed since it was issued, and is back: it began anew then.
fn is_orphaned(app: &App, redeemed: &Redeemed) -> bool {
    let issued = Timestamp::of_uuid(redeemed.grant_id.0);
    issued.is_some_and(|issued| app.negative.has_client_ended(&redeemed.client_id, issued))
}

/// Writes the fact, committed before the answer.
async fn become_grant(
    app: &App,
    redeemed: &Redeemed,
    code: TokenHash,
    (scope, claims, family): (&Scopes, &SingleClaims, Option<Family>),
    (now, destination): (Timestamp, &Destination),
) -> Result<(), ApiError> {
    let grant = Grant {
        id: redeemed.grant_id,
        user_id: redeemed.user_id,
        client_id: redeemed.client_id.clone(),
        scope: scope.clone(),
        claims: claims.clone(),
        code: Some(code),
        session_id: Some(redeemed.session_id),
        created_at: now,
        expires_at: grant_expiry(now, destination.lifetime, family.as_ref()),
        revoked_at: None,
        refresh: family,
    };
    match app.stores.grants.insert(&grant).await? {
        GrantInserted::New => Ok(()),
        GrantInserted::CodeUsed(first) => {
            revoke_replayed(app, first, now).await?;
            Err(unknown_code().into())
        }
    }
}
