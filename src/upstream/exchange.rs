//! The part that every provider speaks alike: RFC 6749 4.1 with RFC 7636, by the `oauth2` crate.
//!
//! Owns: the authorization URL, the exchange of a code, and refreshing. Does not own: what a token opens.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError,
    Scope, StandardRevocableToken, StandardTokenResponse, TokenResponse as _, TokenUrl,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::model::provider::{Provider, UpstreamSecret};
use crate::model::provider_tokens::{ProviderTokens, RefreshedTokens};
use crate::protocol::time::Timestamp;
use crate::upstream::apple;
use crate::upstream::error::{Reason, UpstreamError, error_code};
use crate::upstream::guard::{self, Guard};
use crate::upstream::{Homeward, Outward, Refreshed};

/// A named future, for a closure's is not known to be `Send`.
impl<'c> AsyncHttpClient<'c> for Guard {
    type Error = UpstreamError;
    type Future = BoxFuture<'c, Result<guard::Answer, UpstreamError>>;

    fn call(&'c self, request: guard::Request) -> Self::Future {
        Box::pin(self.send(request))
    }
}

type Answer = StandardTokenResponse<IdTokenField, BasicTokenType>;

type Client<HasAuthUrl = EndpointNotSet, HasTokenUrl = EndpointNotSet> = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    HasAuthUrl,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    HasTokenUrl,
>;

/// OpenID Connect Core 3.1.3.3: as text, so that it is verified as it came.
#[derive(Serialize, Deserialize)]
struct IdTokenField {
    #[serde(default)]
    id_token: Option<String>,
}

impl ExtraTokenFields for IdTokenField {}

impl fmt::Debug for IdTokenField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdTokenField(…)")
    }
}

/// What a code was exchanged for.
pub(super) struct Tokens {
    pub(super) access_token: SecretString,
    pub(super) id_token: Option<SecretString>,
    refresh_token: Option<SecretString>,
    scope: String,
    expires_at: Option<Timestamp>,
}

impl Tokens {
    /// What is kept of them, where anything is.
    pub(super) fn to_keep(&self, provider: &Provider) -> Option<ProviderTokens> {
        provider.store_tokens.then(|| ProviderTokens {
            access_token: self.access_token.clone(),
            refresh_token: self.refresh_token.clone(),
            scope: self.scope.clone(),
            expires_at: self.expires_at,
        })
    }
}

/// RFC 6749 2.3.1: how the secret is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecretIn {
    /// The Basic scheme.
    Header,
    /// The form.
    Body,
}

/// Where somebody is sent. `own` are parameters of the protocol; those of the configuration are added, but one that
/// stands among `own` already is not.
pub(super) fn authorization_url(
    provider: &Provider,
    endpoint: &Url,
    outward: &Outward<'_>,
    own: &[(&str, String)],
) -> Result<Url, UpstreamError> {
    guard::check_sent_to(endpoint)?;
    let client = Client::new(ClientId::new(provider.client_id.clone()))
        .set_auth_uri(AuthUrl::from_url(endpoint.clone()))
        .set_redirect_uri(redirect_url(outward.redirect_uri)?);
    let verifier = PkceCodeVerifier::new(outward.secrets.code_verifier());
    let state = outward.secrets.state.expose().to_owned();
    let mut request = client
        .authorize_url(|| CsrfToken::new(state))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .add_scopes(provider.scopes.iter().cloned().map(Scope::new));
    for (name, value) in own {
        request = request.add_extra_param(*name, value.clone());
    }
    for (name, value) in &provider.authorization_parameters {
        if !own.iter().any(|(known, _)| known == name) {
            request = request.add_extra_param(name.clone(), value.clone());
        }
    }
    Ok(request.url().0)
}

/// Exchanges the code.
pub(super) async fn exchange(
    guard: &Guard,
    provider: &Provider,
    (endpoint, secret_in): (&Url, SecretIn),
    homeward: &Homeward<'_>,
    now: Timestamp,
) -> Result<Tokens, UpstreamError> {
    let redirect_url = redirect_url(homeward.redirect_uri)?;
    let answer = client(provider, (endpoint, secret_in), now)?
        .exchange_code(AuthorizationCode::new(homeward.code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(homeward.secrets.code_verifier()))
        .set_redirect_uri(Cow::Owned(redirect_url))
        .request_async(guard)
        .await
        .map_err(|error| refused(endpoint, error))?;
    check_type(endpoint, &answer)?;
    Ok(Tokens {
        access_token: SecretString::from(answer.access_token().secret().clone()),
        id_token: answer.extra_fields().id_token.clone().map(SecretString::from),
        refresh_token: refresh_token(&answer),
        // RFC 6749 5.1: what was asked for, where nothing is said.
        scope: scope(&answer).unwrap_or_else(|| provider.scopes.join(" ")),
        expires_at: expires_at(&answer, now),
    })
}

/// RFC 6749 6. An ID token that comes with it is not looked at: nobody is signed in by it.
pub(super) async fn refresh(
    guard: &Guard,
    provider: &Provider,
    (endpoint, secret_in): (&Url, SecretIn),
    token: &SecretString,
    now: Timestamp,
) -> Result<Refreshed, UpstreamError> {
    let answer = client(provider, (endpoint, secret_in), now)?
        .exchange_refresh_token(&RefreshToken::new(token.expose_secret().to_owned()))
        .request_async(guard)
        .await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) if code_of(&error).is_some_and(|code| is_over(&code)) => return Ok(Refreshed::Refused),
        Err(error) => return Err(refused(endpoint, error)),
    };
    check_type(endpoint, &answer)?;
    Ok(Refreshed::Tokens(RefreshedTokens {
        access_token: SecretString::from(answer.access_token().secret().clone()),
        refresh_token: refresh_token(&answer),
        scope: scope(&answer),
        expires_at: expires_at(&answer, now),
    }))
}

/// Whether an error says that a refresh token is of no use any more: RFC 6749 5.2, and GitHub's word for it.
fn is_over(code: &str) -> bool {
    matches!(code, "invalid_grant" | "bad_refresh_token")
}

/// This server, at a token endpoint.
fn client(
    provider: &Provider,
    (endpoint, secret_in): (&Url, SecretIn),
    now: Timestamp,
) -> Result<Client<EndpointNotSet, EndpointSet>, UpstreamError> {
    let client = Client::new(ClientId::new(provider.client_id.clone()))
        .set_token_uri(TokenUrl::from_url(endpoint.clone()))
        .set_auth_type(match secret_in {
            SecretIn::Header => AuthType::BasicAuth,
            SecretIn::Body => AuthType::RequestBody,
        });
    let secret = match &provider.secret {
        Some(UpstreamSecret::Text(secret)) => secret.clone(),
        Some(UpstreamSecret::Apple { team_id, key_id, key }) => {
            apple::client_secret((team_id, key_id, key), &provider.client_id, now)?
        }
        None => return Ok(client),
    };
    Ok(client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned())))
}

fn check_type(endpoint: &Url, answer: &Answer) -> Result<(), UpstreamError> {
    if *answer.token_type() == BasicTokenType::Bearer {
        return Ok(());
    }
    let why = format!("{} gave a token that is no bearer token", guard::shown(endpoint));
    Err(UpstreamError::new(Reason::NoToken, why))
}

fn refresh_token(answer: &Answer) -> Option<SecretString> {
    let token = answer.refresh_token().map(|token| token.secret().clone());
    token.filter(|token| !token.is_empty()).map(SecretString::from)
}

/// Separated by spaces; GitHub separates them by commas. What can be no scope (RFC 6749 3.3) is left out.
fn scope(answer: &Answer) -> Option<String> {
    let fits = |scope: &&str| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic());
    let scopes: Vec<&str> = answer.scopes()?.iter().flat_map(|scope| scope.split(',')).filter(fits).collect();
    Some(scopes.join(" "))
}

fn expires_at(answer: &Answer, now: Timestamp) -> Option<Timestamp> {
    answer.expires_in().map(|span: Duration| now.plus(span))
}

fn redirect_url(text: &str) -> Result<RedirectUrl, UpstreamError> {
    RedirectUrl::new(text.to_owned()).map_err(|error| UpstreamError::new(Reason::Configuration, error.to_string()))
}

type Failure = RequestTokenError<UpstreamError, BasicErrorResponse>;

/// The error code of a token endpoint's answer. GitHub says its errors with status 200.
fn code_of(error: &Failure) -> Option<String> {
    match error {
        RequestTokenError::ServerResponse(answer) => Some(answer.error().as_ref().to_owned()),
        RequestTokenError::Parse(_, body) => Some(serde_json::from_slice::<ErrorAnswer>(body).ok()?.error),
        RequestTokenError::Request(_) | RequestTokenError::Other(_) => None,
    }
}

/// Why there are no tokens; of the provider's words the error code alone.
fn refused(endpoint: &Url, error: Failure) -> UpstreamError {
    let shown = guard::shown(endpoint);
    if let Some(code) = code_of(&error) {
        return UpstreamError::new(Reason::TokenRefused, format!("{shown} refused: {}", error_code(&code)));
    }
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::Parse(..) => {
            UpstreamError::new(Reason::Malformed, format!("{shown} answered no tokens and no error"))
        }
        RequestTokenError::ServerResponse(_) | RequestTokenError::Other(_) => {
            UpstreamError::new(Reason::Status, format!("{shown} answered no success, and no error that can be read"))
        }
    }
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: String,
}
