//! The authorization request: an answer only goes to the client's own URI, and a request that passes is one
//! that its client may make.
//!
//! The input is the query string.
#![no_main]

use libfuzzer_sys::fuzz_target;
use url::Url;
use vestibule::model::checked_request::CheckedRequest;
use vestibule::model::client::Client;
use vestibule::protocol::authorization::{Addressee, AuthorizationRequest};
use vestibule::protocol::error::{ErrorCode, OAuthError};
use vestibule::protocol::params::Params;
use vestibule::protocol::reply::{AuthorizationResponse, ReplyTo};
use vestibule_fuzz::{ISSUER, SETTINGS, WORLD, check_error};

const EXPECTED: [ErrorCode; 9] = [
    ErrorCode::UnmetAuthenticationRequirements,
    ErrorCode::InvalidRequest,
    ErrorCode::InvalidScope,
    ErrorCode::InvalidTarget,
    ErrorCode::UnauthorizedClient,
    ErrorCode::UnsupportedResponseType,
    ErrorCode::RequestNotSupported,
    ErrorCode::RequestUriNotSupported,
    ErrorCode::RegistrationNotSupported,
];

fuzz_target!(|data: &[u8]| {
    let Ok(params) = Params::parse(data) else { return };
    let addressee = Addressee::read(&params);
    assert!(addressee.state.as_deref().is_none_or(|state| params.get("state") == Some(state) && state.len() <= 2048));
    let parsed = AuthorizationRequest::parse(&params);
    if let Ok(request) = &parsed {
        check_parsed(request, &params);
    }
    let client = addressee.client_id.as_deref().and_then(|id| WORLD.registry.find_client(id));
    let Some((client, reply_to)) = client.and_then(|client| Some((client, client.reply_to(&addressee).ok()?))) else {
        return;
    };
    let uri = reply_to.redirect_uri().as_str();
    assert!(addressee.redirect_uri.as_deref().is_none_or(|sent| sent == uri));
    let sent = addressee.redirect_uri.is_some();
    let checked =
        parsed.and_then(|request| CheckedRequest::check(request, reply_to.clone(), sent, client, &WORLD.registry));
    match checked {
        Ok(checked) => check_checked(&checked, client),
        Err(error) => check_answer(&error, &reply_to, addressee.state.as_deref()),
    }
});

fn check_parsed(request: &AuthorizationRequest, params: &Params) {
    assert_eq!(params.get("response_type"), Some("code"));
    assert!(!(request.prompt.none && (request.prompt.login || request.prompt.consent || request.prompt.select_account)));
    assert_eq!(request.nonce.as_deref(), params.get("nonce"));
    assert_eq!(request.max_age.is_some(), params.has("max_age"));
    assert_eq!(request.code_challenge.is_some(), params.has("code_challenge"));
    assert!(!params.has("code_challenge") || params.get("code_challenge_method") == Some("S256"));
    if let Some(resource) = &request.resource {
        assert!(params.all("resource").iter().all(|sent| sent == resource));
        assert!(Url::parse(resource).unwrap().fragment().is_none());
    }
    for name in ["request", "request_uri", "registration"] {
        assert!(!params.has(name));
    }
}

fn check_checked(checked: &CheckedRequest, client: &Client) {
    assert!(checked.code_challenge.is_some() || !client.needs_pkce());
    assert!(!checked.scope.is_empty() && checked.scope.without(&client.scope).is_empty());
    assert_eq!(checked.claims, checked.claims.within(&client.scope));
    assert!(checked.resource.as_deref().is_none_or(|resource| WORLD.registry.find_api(resource).is_some()));
    assert_eq!(checked.still_holds(client, &WORLD.registry), Ok(()));
    let stored = serde_json::to_string(checked).unwrap();
    assert_eq!(&serde_json::from_str::<CheckedRequest>(&stored).unwrap(), checked);
}

fn check_answer(error: &OAuthError, reply_to: &ReplyTo, state: Option<&str>) {
    check_error(error, &EXPECTED);
    let members: Vec<(String, String)> = match reply_to.with_error(error, &SETTINGS.issuer) {
        AuthorizationResponse::Redirect(location) => {
            assert!(location.starts_with(reply_to.redirect_uri().as_str()));
            Url::parse(&location).unwrap().query_pairs().into_owned().collect()
        }
        AuthorizationResponse::FormPost { redirect_uri, members } => {
            assert!(redirect_uri.takes_post());
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
        }
    };
    let said = |name: &str| members.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    assert_eq!(said("error").as_deref(), Some(error.code().as_str()));
    assert_eq!(said("state").as_deref(), state);
    assert_eq!(said("iss").as_deref(), Some(ISSUER));
}
