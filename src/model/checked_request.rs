//! An authorization request held against its client.
//!
//! Owns: the ordered list of checks after the parameters are well formed. Does not own: the
//! parameters (`protocol/authorization`), the person (`model/next_step`).

use serde::{Deserialize, Serialize};

use crate::model::asking::{Asked, asked};
use crate::model::audience::check_target;
use crate::model::client::Client;
use crate::model::permissions::{Unregistered, requested};
use crate::model::registry::Registry;
use crate::model::session::ACR_VALUES;
use crate::protocol::authorization::AuthorizationRequest;
use crate::protocol::claims::SingleClaims;
use crate::protocol::error::{ErrorCode, OAuthError};
use crate::protocol::ids::{ProviderId, UserId};
use crate::protocol::pkce::CodeChallenge;
use crate::protocol::prompt::Prompt;
use crate::protocol::reply::ReplyTo;
use crate::protocol::scope::Scopes;
use crate::protocol::token_request::GrantType;

/// A request that this client may make: grant, PKCE policy, scope and target hold.
/// Made by [`CheckedRequest::check`] and by reading back what it made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedRequest {
    /// Where answers go.
    pub reply_to: ReplyTo,
    /// Whether `redirect_uri` was in the request (RFC 6749 4.1.3).
    pub redirect_uri_sent: bool,
    /// Asked and registered for the client, or the client's default; never empty.
    pub scope: Scopes,
    /// An API of this client.
    pub resource: Option<String>,
    /// Present whenever the client needs it.
    pub code_challenge: Option<CodeChallenge>,
    /// Goes into the ID token.
    pub nonce: Option<String>,
    /// What to show.
    pub prompt: Prompt,
    /// Seconds.
    pub max_age: Option<u32>,
    /// Prefills the sign-in form.
    pub login_hint: Option<String>,
    /// The external provider to go to at once.
    #[serde(default)]
    pub provider_hint: Option<ProviderId>,
    /// Single claims, each of a scope that the client may ask for; none without `openid`.
    #[serde(default)]
    pub claims: SingleClaims,
    /// Who it has to be, by `id_token_hint` or a value of `sub`.
    #[serde(default)]
    pub subjects: Option<Vec<UserId>>,
    #[serde(default)]
    checked: Checked,
}

/// Keeps other modules from making a [`CheckedRequest`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Checked;

impl CheckedRequest {
    /// Holds a request against its client, in this order: grant, response mode, PKCE, scope, target, `acr`.
    ///
    /// # Errors
    /// The error to send to the client.
    pub fn check(
        request: AuthorizationRequest,
        reply_to: ReplyTo,
        redirect_uri_sent: bool,
        client: &Client,
        registry: &Registry,
    ) -> Result<Self, OAuthError> {
        client.check_grant(GrantType::AuthorizationCode)?;
        if request.response_mode != reply_to.response_mode() {
            return Err(OAuthError::invalid_request("response_mode=form_post needs a redirect_uri of https or http"));
        }
        if request.code_challenge.is_none() && client.needs_pkce() {
            return Err(missing_pkce(client));
        }
        let scope = &request.scope;
        let resource = request.resource.as_deref();
        let Asked { scope, .. } = asked(GrantType::AuthorizationCode, scope, resource, client, registry)?;
        check_acr(request.claims.essential_acr.as_deref())?;
        let openid = scope.has("openid");
        let claims = if openid { request.claims.single.within(&client.scope) } else { SingleClaims::default() };
        Ok(Self {
            reply_to,
            redirect_uri_sent,
            scope,
            resource: request.resource,
            code_challenge: request.code_challenge,
            nonce: request.nonce,
            prompt: request.prompt,
            max_age: request.max_age,
            login_hint: request.login_hint,
            provider_hint: request.provider_hint,
            claims,
            subjects: request.claims.subjects,
            checked: Checked,
        })
    }

    /// Holds a request that was checked earlier against the client as it is now registered.
    ///
    /// # Errors
    /// When the client may no longer make it.
    pub fn still_holds(&self, client: &Client, registry: &Registry) -> Result<(), OAuthError> {
        client.check_grant(GrantType::AuthorizationCode)?;
        if self.code_challenge.is_none() && client.needs_pkce() {
            return Err(missing_pkce(client));
        }
        requested(&self.scope, client, registry, Unregistered::Refuse)?;
        check_target(&self.scope, self.resource.as_deref(), client, registry)
    }
}

/// OpenID Connect Core 5.5.1.1: an essential `acr` that cannot be had is a failed authentication.
fn check_acr(essential: Option<&[String]>) -> Result<(), OAuthError> {
    match essential {
        Some(values) if !values.iter().any(|value| ACR_VALUES.contains(&value.as_str())) => Err(OAuthError::new(
            ErrorCode::UnmetAuthenticationRequirements,
            format!("no sign-in here has the acr that is essential: there is {}", ACR_VALUES.join(", ")),
        )),
        _ => Ok(()),
    }
}

fn missing_pkce(client: &Client) -> OAuthError {
    let fix = if client.is_public() {
        "a public client must send code_challenge and code_challenge_method=S256".to_owned()
    } else {
        format!(
            "send code_challenge and code_challenge_method=S256, or set pkce = 'optional' for client {}",
            client.client_id
        )
    };
    OAuthError::invalid_request(format!("PKCE is required: {fix}"))
}
