//! The token request: what is read is what was sent, and a code is only redeemed with its verifier, at its
//! redirect URI.
//!
//! The input is the form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret as _;
use uuid::Uuid;
use vestibule::model::client::AuthenticatedClient;
use vestibule::model::code_grant::CodeGrant;
use vestibule::model::session::SignIn;
use vestibule::protocol::claims::SingleClaims;
use vestibule::protocol::client_auth::UnverifiedClient;
use vestibule::protocol::error::ErrorCode;
use vestibule::protocol::ids::{GrantId, SessionId, UserId};
use vestibule::protocol::params::Params;
use vestibule::protocol::pkce::{CodeChallenge, CodeVerifier};
use vestibule::protocol::redirect_uri::RegisteredRedirectUri;
use vestibule::protocol::scope::Scopes;
use vestibule::protocol::token_request::{CodeRequest, GrantType, TokenRequest};
use vestibule_fuzz::{NOW, WORLD, check_error};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const EXPECTED: [ErrorCode; 4] =
    [ErrorCode::InvalidRequest, ErrorCode::InvalidScope, ErrorCode::InvalidTarget, ErrorCode::UnsupportedGrantType];

fuzz_target!(|data: &[u8]| {
    let Ok(params) = Params::parse(data) else { return };
    let request = match TokenRequest::parse(&params) {
        Ok(request) => request,
        Err(error) => return check_error(&error, &EXPECTED),
    };
    let (grant, scope, resource) = match &request {
        TokenRequest::Code(code) => (GrantType::AuthorizationCode, None, &code.resource),
        TokenRequest::Password(password) => (GrantType::Password, Some(&password.scope), &password.resource),
        TokenRequest::Refresh(refresh) => (GrantType::RefreshToken, Some(&refresh.scope), &refresh.resource),
        TokenRequest::ClientCredentials(client) => {
            (GrantType::ClientCredentials, Some(&client.scope), &client.resource)
        }
    };
    assert_eq!(params.get("grant_type"), Some(grant.as_str()));
    assert_eq!(TokenRequest::grant_type(&params), Ok(grant));
    assert!(scope.is_none_or(|scope| Scopes::parse(params.get("scope").unwrap_or_default()).as_ref() == Ok(scope)));
    assert_eq!(resource.as_ref(), params.all("resource").first());
    match request {
        TokenRequest::Code(code) => {
            assert_eq!(Some(code.code.expose_secret()), params.get("code"));
            redeem(&code, true);
            redeem(&code, false);
        }
        TokenRequest::Password(password) => {
            assert_eq!(Some(password.username.as_str()), params.get("username"));
            assert_eq!(Some(password.password.expose_secret()), params.get("password"));
        }
        TokenRequest::Refresh(refresh) => {
            assert_eq!(Some(refresh.refresh_token.expose_secret()), params.get("refresh_token"));
        }
        TokenRequest::ClientCredentials(_) => {}
    }
});

fn redeem(request: &CodeRequest, with_challenge: bool) {
    let client = client();
    let uri = client.redirect_uris.first().map(|uri| uri.as_str()).unwrap();
    let code = CodeGrant {
        client_id: client.client_id.clone(),
        redirect_uri: RegisteredRedirectUri::choose(&client.redirect_uris, client.application_type, Some(uri)).unwrap(),
        code_challenge: with_challenge.then(|| CodeChallenge::of(&CodeVerifier::parse(VERIFIER).unwrap())),
        scope: Scopes::parse("openid").unwrap(),
        claims: SingleClaims::default(),
        resource: None,
        nonce: None,
        user_id: UserId(Uuid::from_u128(1)),
        session_id: SessionId(Uuid::from_u128(2)),
        sign_in: SignIn::by_password(NOW),
        grant_id: GrantId(Uuid::from_u128(3)),
        expires_at: NOW.plus(std::time::Duration::from_secs(60)),
    };
    match code.redeem(&client, request, NOW) {
        Err(error) => check_error(&error, &[ErrorCode::InvalidGrant]),
        Ok(_) => {
            let verifier = request.code_verifier.as_ref().map(|verifier| verifier.expose_secret());
            assert_eq!(verifier, with_challenge.then_some(VERIFIER));
            assert!(request.redirect_uri.as_deref().map_or(with_challenge, |sent| sent == uri));
        }
    }
}

fn client() -> AuthenticatedClient {
    let named = Params::parse(b"client_id=spa").unwrap();
    WORLD.registry.authenticate(&UnverifiedClient::read(None, &named).unwrap()).unwrap()
}
