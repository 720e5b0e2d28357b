//! RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1, RFC 7636 4.3, RFC 8707 2: the authorization request.
//!
//! Owns: reading the parameters, in the order in which they are reported. Does not own: what depends
//! on the client (`model/client`, `model/checked_request`).

use crate::protocol::claims::ClaimsParameter;
use crate::protocol::error::{ErrorCode, OAuthError};
use crate::protocol::ids::ProviderId;
use crate::protocol::params::Params;
use crate::protocol::pkce::CodeChallenge;
use crate::protocol::prompt::{Prompt, parse_max_age};
use crate::protocol::response::{ResponseMode, check_response_type};
use crate::protocol::scope::Scopes;

/// The longest `state`, `nonce` and `login_hint` that are carried.
const LONGEST_ECHO: usize = 2048;

/// The part that decides where an answer may go; read before everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// `client_id` as sent.
    pub client_id: Option<String>,
    /// `redirect_uri` as sent.
    pub redirect_uri: Option<String>,
    /// `state` as sent, when it is not too long to be carried.
    pub state: Option<String>,
    /// `response_mode`; by query where it is none of ours.
    pub response_mode: ResponseMode,
}

impl Addressee {
    /// Reads it.
    #[must_use]
    pub fn read(params: &Params) -> Self {
        let text = |name: &str| params.get(name).map(str::to_owned);
        Self {
            client_id: text("client_id"),
            redirect_uri: text("redirect_uri"),
            state: text("state").filter(|state| state.len() <= LONGEST_ECHO),
            response_mode: ResponseMode::parse(params.get("response_mode")).unwrap_or_default(),
        }
    }
}

/// A request whose parameters are well formed; nothing yet is held against the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// `scope`; empty when absent.
    pub scope: Scopes,
    /// `code_challenge`, S256.
    pub code_challenge: Option<CodeChallenge>,
    /// `nonce`.
    pub nonce: Option<String>,
    /// `prompt`.
    pub prompt: Prompt,
    /// `max_age`, seconds.
    pub max_age: Option<u32>,
    /// `login_hint`.
    pub login_hint: Option<String>,
    /// `provider_hint`, a parameter of ours: the external provider to go to at once. A preference, like
    /// `login_hint`: what cannot be a provider's id is ignored.
    pub provider_hint: Option<ProviderId>,
    /// `resource`, at most one.
    pub resource: Option<String>,
    /// `response_mode`.
    pub response_mode: ResponseMode,
    /// `claims`.
    pub claims: ClaimsParameter,
    /// `id_token_hint`, not verified.
    pub id_token_hint: Option<String>,
}

impl AuthorizationRequest {
    /// Reads the request. The order is the order of the reports: what we do not support at all,
    /// response type and mode, state, PKCE, scope, prompt, the rest.
    ///
    /// # Errors
    /// The error that is to be sent to the client.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        refuse_unsupported(params)?;
        check_response_type(params.get("response_type"))?;
        let response_mode = ResponseMode::parse(params.get("response_mode"))?;
        echo(params, "state")?;
        let code_challenge = CodeChallenge::parse(params.get("code_challenge"), params.get("code_challenge_method"))?;
        let scope = Scopes::parse(params.get("scope").unwrap_or_default())
            .map_err(|error| OAuthError::invalid_scope(error.to_string()))?;
        let prompt = Prompt::parse(params.get("prompt"))?;
        let max_age = parse_max_age(params.get("max_age"))?;
        check_preferences(params)?;
        Ok(Self {
            scope,
            code_challenge,
            nonce: echo(params, "nonce")?,
            prompt,
            max_age,
            login_hint: echo(params, "login_hint")?,
            provider_hint: params.get("provider_hint").and_then(ProviderId::parse),
            resource: single_resource(params)?,
            response_mode,
            claims: ClaimsParameter::parse(params.get("claims"))?,
            id_token_hint: params.get("id_token_hint").map(str::to_owned),
        })
    }
}

/// OpenID Connect Core 6.1, 6.2, 7: request objects and registration by request do not exist here.
fn refuse_unsupported(params: &Params) -> Result<(), OAuthError> {
    for (name, code) in [
        ("request", ErrorCode::RequestNotSupported),
        ("request_uri", ErrorCode::RequestUriNotSupported),
        ("registration", ErrorCode::RegistrationNotSupported),
    ] {
        if params.has(name) {
            return Err(OAuthError::new(code, format!("the parameter {name} is not supported")));
        }
    }
    Ok(())
}

/// OpenID Connect Core 3.1.2.1: `acr_values` and `ui_locales` are preferences. There is one level of sign-in and
/// one language, so that whichever is preferred they are what comes; `display` is ignored likewise.
fn check_preferences(params: &Params) -> Result<(), OAuthError> {
    for name in ["acr_values", "ui_locales"] {
        echo(params, name)?;
    }
    Ok(())
}

/// A parameter that is carried along, unless it is too long for that.
///
/// # Errors
/// `invalid_request`.
pub(super) fn echo(params: &Params, name: &str) -> Result<Option<String>, OAuthError> {
    match params.get(name) {
        Some(text) if text.len() > LONGEST_ECHO => {
            Err(OAuthError::invalid_request(format!("{name} is longer than {LONGEST_ECHO} bytes")))
        }
        other => Ok(other.map(str::to_owned)),
    }
}

/// RFC 8707 2: `resource`, of which we serve one a token.
///
/// # Errors
/// `invalid_target` for several different ones, or one that is not an absolute URI without fragment.
pub fn single_resource(params: &Params) -> Result<Option<String>, OAuthError> {
    let Some((first, more)) = params.all("resource").split_first() else { return Ok(None) };
    if more.iter().any(|other| other != first) {
        return Err(OAuthError::invalid_target("one resource a token: ask for each in a request of its own"));
    }
    if first.len() > 2000 || first.contains('#') || url::Url::parse(first).is_err() {
        return Err(OAuthError::invalid_target("resource must be an absolute URI without fragment"));
    }
    Ok(Some(first.clone()))
}
