//! The part that every provider speaks alike: RFC 6749 4.1 with RFC 7636, by the `oauth2` crate.
//!
//! Owns: the authorization URL and the exchange of a code. Does not own: what a token opens.

use std::borrow::Cow;
use std::fmt;

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, ExtraTokenFields, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, StandardRevocableToken, StandardTokenResponse,
    TokenResponse as _, TokenUrl,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::model::provider::{Provider, UpstreamSecret};
use crate::protocol::time::Timestamp;
use crate::upstream::apple;
use crate::upstream::error::{Reason, UpstreamError, error_code};
use crate::upstream::guard::{self, Guard};
use crate::upstream::{Homeward, Outward};

type Client = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<IdTokenField, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
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
    let mut client = Client::new(ClientId::new(provider.client_id.clone()))
        .set_token_uri(TokenUrl::from_url(endpoint.clone()))
        .set_auth_type(match secret_in {
            SecretIn::Header => AuthType::BasicAuth,
            SecretIn::Body => AuthType::RequestBody,
        });
    match &provider.secret {
        Some(UpstreamSecret::Text(secret)) => {
            client = client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
        }
        Some(UpstreamSecret::Apple { team_id, key_id, key }) => {
            let secret = apple::client_secret((team_id, key_id, key), &provider.client_id, now)?;
            client = client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
        }
        None => {}
    }
    let send = |request| guard.send(request);
    let answer = client
        .exchange_code(AuthorizationCode::new(homeward.code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(homeward.secrets.code_verifier()))
        .set_redirect_uri(Cow::Owned(redirect_url))
        .request_async(&send)
        .await
        .map_err(|error| refused(endpoint, error))?;
    if *answer.token_type() != BasicTokenType::Bearer {
        let why = format!("{} gave a token that is no bearer token", guard::shown(endpoint));
        return Err(UpstreamError::new(Reason::NoToken, why));
    }
    Ok(Tokens {
        access_token: SecretString::from(answer.access_token().secret().clone()),
        id_token: answer.extra_fields().id_token.clone().map(SecretString::from),
    })
}

fn redirect_url(text: &str) -> Result<RedirectUrl, UpstreamError> {
    RedirectUrl::new(text.to_owned()).map_err(|error| UpstreamError::new(Reason::Configuration, error.to_string()))
}

/// Why there are no tokens; of the provider's words the error code alone. GitHub says its errors with status 200.
fn refused(endpoint: &Url, error: RequestTokenError<UpstreamError, BasicErrorResponse>) -> UpstreamError {
    let shown = guard::shown(endpoint);
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(answer) => token_refused(&shown, answer.error().as_ref()),
        RequestTokenError::Parse(_, body) => match serde_json::from_slice::<ErrorAnswer>(&body) {
            Ok(answer) => token_refused(&shown, &answer.error),
            Err(_) => UpstreamError::new(Reason::Malformed, format!("{shown} answered no tokens and no error")),
        },
        RequestTokenError::Other(_) => {
            UpstreamError::new(Reason::Status, format!("{shown} answered no success, and no error that can be read"))
        }
    }
}

fn token_refused(shown: &str, code: &str) -> UpstreamError {
    UpstreamError::new(Reason::TokenRefused, format!("{shown} refused the code: {}", error_code(code)))
}

#[derive(Deserialize)]
struct ErrorAnswer {
    error: String,
}
