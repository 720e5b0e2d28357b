//! The authorization request: each parameter and the order in which faults are reported.

use proptest::prelude::*;

use super::{params, refused};
use crate::protocol::authorization::{Addressee, AuthorizationRequest, single_resource};
use crate::protocol::error::ErrorCode;
use crate::protocol::params::Params;
use crate::protocol::prompt::Prompt;
use crate::protocol::response::ResponseMode;

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const GOOD: [(&str, &str); 12] = [
    ("client_id", "web"),
    ("redirect_uri", "https://app.example/cb"),
    ("state", "xyz"),
    ("response_type", "code"),
    ("scope", "openid read:users"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
    ("nonce", "n-0S6"),
    ("prompt", "login"),
    ("max_age", "60"),
    ("login_hint", "ada"),
    ("resource", "https://api.example.test"),
];

/// The good request with some parameters set to something else; an empty text takes one away.
fn changed(changes: &[(&str, &str)]) -> Params {
    let mut pairs: Vec<(&str, &str)> = GOOD.to_vec();
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, value));
    }
    params(&pairs)
}

fn code_of(changes: &[(&str, &str)]) -> ErrorCode {
    refused(AuthorizationRequest::parse(&changed(changes))).0
}

#[test]
fn a_good_request_is_read() {
    let request = AuthorizationRequest::parse(&changed(&[])).unwrap();
    assert_eq!(request.scope.to_string(), "openid read:users");
    assert_eq!(request.code_challenge.unwrap().as_str(), CHALLENGE);
    assert_eq!(request.nonce.as_deref(), Some("n-0S6"));
    assert_eq!(request.prompt, Prompt { login: true, ..Prompt::default() });
    assert_eq!(request.max_age, Some(60));
    assert_eq!(request.login_hint.as_deref(), Some("ada"));
    assert_eq!(request.resource.as_deref(), Some("https://api.example.test"));
    assert_eq!(request.response_mode, ResponseMode::Query);
    let addressee = Addressee::read(&changed(&[]));
    assert_eq!(addressee.client_id.as_deref(), Some("web"));
    assert_eq!(addressee.redirect_uri.as_deref(), Some("https://app.example/cb"));
    assert_eq!(addressee.state.as_deref(), Some("xyz"));
}

#[test]
fn state_nonce_and_most_others_are_never_required() {
    let request = AuthorizationRequest::parse(&params(&[("response_type", "code")])).unwrap();
    assert!(request.scope.is_empty() && request.code_challenge.is_none() && request.resource.is_none());
}

#[test]
fn what_is_not_supported_is_ignored_unless_it_changes_the_meaning() {
    let ignored = [
        ("display", "popup"),
        ("ui_locales", "de"),
        ("acr_values", "2 urn:high"),
        ("claims", "{}"),
        ("claims_locales", "de"),
        ("foo", "bar"),
    ];
    assert_eq!(AuthorizationRequest::parse(&changed(&ignored)), AuthorizationRequest::parse(&changed(&[])));
    assert_eq!(code_of(&[("request", "x")]), ErrorCode::RequestNotSupported);
    assert_eq!(code_of(&[("request_uri", "https://evil.test/x")]), ErrorCode::RequestUriNotSupported);
    assert_eq!(code_of(&[("registration", "{}")]), ErrorCode::RegistrationNotSupported);
}

#[test]
fn a14_only_the_code_flow_exists() {
    for kind in ["token", "id_token", "id_token token", "code token", "code id_token", "none", "CODE", "code code"] {
        assert_eq!(code_of(&[("response_type", kind)]), ErrorCode::UnsupportedResponseType, "{kind}");
    }
    assert_eq!(code_of(&[("response_type", "")]), ErrorCode::InvalidRequest);
    for mode in ["fragment", "query.jwt", "Query", "FORM_POST", "form_post "] {
        assert_eq!(code_of(&[("response_mode", mode)]), ErrorCode::InvalidRequest, "{mode}");
        assert_eq!(Addressee::read(&changed(&[("response_mode", mode)])).response_mode, ResponseMode::Query);
    }
    for (text, mode) in [("query", ResponseMode::Query), ("form_post", ResponseMode::FormPost)] {
        let params = changed(&[("response_mode", text)]);
        assert_eq!(AuthorizationRequest::parse(&params).unwrap().response_mode, mode);
        assert_eq!(Addressee::read(&params).response_mode, mode);
    }
}

#[test]
fn c02_an_empty_challenge_counts_as_absent() {
    let request =
        AuthorizationRequest::parse(&changed(&[("code_challenge", ""), ("code_challenge_method", "")])).unwrap();
    assert_eq!(request.code_challenge, None);
    assert_eq!(code_of(&[("code_challenge", "")]), ErrorCode::InvalidRequest);
    assert_eq!(code_of(&[("code_challenge_method", "")]), ErrorCode::InvalidRequest);
}

#[test]
fn n05_long_texts_are_refused_and_a_long_state_is_not_carried() {
    let (fits, long) = ("s".repeat(2048), "s".repeat(2049));
    for name in ["state", "nonce", "login_hint", "acr_values", "ui_locales"] {
        assert!(AuthorizationRequest::parse(&changed(&[(name, &fits)])).is_ok(), "{name}");
        assert_eq!(code_of(&[(name, &long)]), ErrorCode::InvalidRequest, "{name}");
    }
    assert_eq!(Addressee::read(&changed(&[("state", &long)])).state, None);
    assert_eq!(Addressee::read(&changed(&[("state", &"s".repeat(1 << 20))])).state, None);
}

#[test]
fn faults_are_reported_in_their_order() {
    let faults = [
        (("request", "x"), ErrorCode::RequestNotSupported),
        (("response_type", "token"), ErrorCode::UnsupportedResponseType),
        (("code_challenge_method", "plain"), ErrorCode::InvalidRequest),
        (("scope", "a\"b"), ErrorCode::InvalidScope),
        (("max_age", "soon"), ErrorCode::InvalidRequest),
        (("resource", "no uri"), ErrorCode::InvalidTarget),
    ];
    for first in 0..faults.len() {
        let changes: Vec<_> = faults[first..].iter().map(|(change, _)| *change).collect();
        assert_eq!(code_of(&changes), faults[first].1, "{:?}", faults[first].0);
    }
}

#[test]
fn one_resource_a_token() {
    let read = |list: &[&str]| {
        let pairs: Vec<_> = list.iter().map(|value| ("resource", *value)).collect();
        single_resource(&params(&pairs))
    };
    assert_eq!(read(&[]), Ok(None));
    assert_eq!(read(&["https://a.test"]), Ok(Some("https://a.test".to_owned())));
    assert_eq!(read(&["urn:api", "urn:api"]), Ok(Some("urn:api".to_owned())));
    let long = format!("https://a.test/{}", "a".repeat(2000));
    for bad in [
        &["https://a.test", "https://b.test"][..],
        &["a"],
        &["/a"],
        &["https://a.test#x"],
        &["https://a.test#"],
        &[&long],
    ] {
        assert_eq!(refused(read(bad)).0, ErrorCode::InvalidTarget, "{bad:.60?}");
    }
}

proptest! {
    #[test]
    fn any_parameters_are_read_without_a_panic(name in 0..GOOD.len(), value in "[^\0]{0,80}", bytes in any::<Vec<u8>>()) {
        let changed = changed(&[(GOOD[name].0, &value)]);
        let _ = (AuthorizationRequest::parse(&changed), Addressee::read(&changed));
        if let Ok(params) = Params::parse(&bytes) {
            let _ = (AuthorizationRequest::parse(&params), Addressee::read(&params));
        }
    }
}
