//! `grant_type=password` (RFC 6749 4.3), caged: only for clients that list it and are confidential or
//! our own (RFC 9700 2.4 says why).
//!
//! Owns: who may use it and what a person's password opens. Does not own: checking it (`passwords`).

use std::net::IpAddr;

use crate::app::App;
use crate::clock::uuid_v7;
use crate::endpoints::token::issue::{Issue, Subject, begin_family, grant_expiry};
use crate::model::audience::{check_target, destination, narrowed};
use crate::model::client::{AuthenticatedClient, Client};
use crate::model::grant::Grant;
use crate::model::permissions::{Unregistered, permitted, requested};
use crate::model::person::User;
use crate::model::registry::Registry;
use crate::model::session::SignIn;
use crate::passwords::{self, AuthenticateError, Outcome};
use crate::protocol::claims::SingleClaims;
use crate::protocol::error::OAuthError;
use crate::protocol::ids::GrantId;
use crate::protocol::scope::Scopes;
use crate::protocol::token_request::PasswordRequest;
use crate::protocol::token_response::TokenResponse;
use crate::store::GrantInserted;
use crate::throttle::Origin;
use crate::web::error::ApiError;
use crate::web::urls::{absolute, path};

/// Signs the person in and issues an access token. What does not depend on the person is refused
/// before the password costs any work.
pub(super) async fn exchange(
    app: &App,
    client: &AuthenticatedClient,
    request: PasswordRequest,
    address: Option<IpAddr>,
) -> Result<TokenResponse, ApiError> {
    if client.is_public() && !client.first_party {
        return Err(OAuthError::unauthorized_client(
            "the password grant is for clients with a secret, or with first_party = true",
        )
        .into());
    }
    let registry = app.registry();
    let asked = asked(&request.scope, request.resource.as_deref(), client, registry)?;
    let now = app.now();
    let resource = request.resource.clone();
    let user = sign_in(app, request, Origin { address, device: None }).await?;
    let scope = permitted(&asked, &user.roles, registry);
    if scope.is_empty() {
        return Err(OAuthError::invalid_scope("this person may not be granted any of these scopes").into());
    }
    let fallback = app.config.lifetimes.access_token;
    let destination = destination(&scope, resource.as_deref(), client, registry, app.issuer(), fallback)?;
    let sign_in = SignIn::by_password(now);
    let family = begin_family(app, client, &scope, (&sign_in, resource.as_deref()), now);
    let generation = family.as_ref().map(|family| family.generation);
    let grant = Grant {
        id: GrantId(uuid_v7(now, &mut app.rng())),
        user_id: user.id,
        client_id: client.client_id.clone(),
        scope: scope.clone(),
        claims: SingleClaims::default(),
        code: None,
        session_id: None,
        created_at: now,
        expires_at: grant_expiry(now, destination.lifetime, family.as_ref()),
        revoked_at: None,
        refresh: family,
    };
    if let GrantInserted::CodeUsed(_) = app.stores.grants.insert(&grant).await? {
        return Err(ApiError::internal("a grant without a code cannot be a replay"));
    }
    let subject = Subject::Person { user: &user, grant: grant.id, sign_in: &sign_in };
    // OpenID Connect knows no ID token here: `openid` opens userinfo and no more.
    let issue = Issue { client, subject, scope: &scope, claims: &grant.claims, destination, now };
    Ok(issue.run_with_refresh(app, None, (grant.id, generation)).await?)
}

fn asked(scope: &Scopes, resource: Option<&str>, client: &Client, registry: &Registry) -> Result<Scopes, OAuthError> {
    let asked = requested(scope, client, Unregistered::Refuse)?;
    let asked = if scope.is_empty() { narrowed(&asked, resource, registry) } else { asked };
    check_target(&asked, resource, client, registry)?;
    // There is no session that the refresh token could outlive, and no page to ask on.
    let asked = asked.filter(|scope| scope.as_str() != "offline_access");
    if asked.is_empty() {
        return Err(OAuthError::invalid_scope("no scope is left for this resource: name one in scope"));
    }
    Ok(asked)
}

/// One text for every refusal; only whoever knows the right password learns that it is a generated one.
async fn sign_in(app: &App, request: PasswordRequest, origin: Origin) -> Result<User, ApiError> {
    let PasswordRequest { username, password, .. } = request;
    let refused = || OAuthError::invalid_grant("the username or password is wrong");
    let outcome = passwords::authenticate(app.door(), origin, &username, password, app.now()).await;
    let user = match outcome {
        Ok(Outcome::SignedIn(user)) => *user,
        Ok(Outcome::Refused) | Err(AuthenticateError::TooLong) => return Err(refused().into()),
        Err(AuthenticateError::Throttled { retry_after }) => return Err(ApiError::throttled(retry_after)),
        Err(AuthenticateError::Busy(busy)) => {
            return Err(ApiError::unavailable(busy.retry_after, Some(Box::new(busy))));
        }
        Err(AuthenticateError::Store(error)) => return Err(error.into()),
    };
    if user.must_set_password() {
        return Err(OAuthError::invalid_grant(format!(
            "this password was generated and only good for one thing: set your own at {}",
            absolute(app.issuer(), path::PASSWORD)
        ))
        .into());
    }
    Ok(user)
}
