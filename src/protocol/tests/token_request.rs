//! The token request, one variant a grant.

use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::{params, refused};
use crate::protocol::error::ErrorCode;
use crate::protocol::params::Params;
use crate::protocol::token_request::{GrantType, TokenRequest};

fn code_of(pairs: &[(&str, &str)]) -> (ErrorCode, String) {
    refused(TokenRequest::parse(&params(pairs)))
}

#[test]
fn each_grant_is_read_with_its_parameters() {
    let code = [
        ("grant_type", "authorization_code"),
        ("code", "c"),
        ("redirect_uri", "https://app.example/cb"),
        ("code_verifier", "v"),
        ("resource", "https://api.test"),
    ];
    let Ok(TokenRequest::Code(request)) = TokenRequest::parse(&params(&code)) else { panic!("no code request") };
    assert_eq!(request.code.expose_secret(), "c");
    assert_eq!(request.redirect_uri.as_deref(), Some("https://app.example/cb"));
    assert_eq!(request.code_verifier.unwrap().expose_secret(), "v");
    assert_eq!(request.resource.as_deref(), Some("https://api.test"));

    let password = [("grant_type", "password"), ("username", "ada"), ("password", " p w "), ("scope", "a b")];
    let Ok(TokenRequest::Password(request)) = TokenRequest::parse(&params(&password)) else { panic!("no password") };
    assert_eq!((request.username.as_str(), request.password.expose_secret()), ("ada", " p w "));
    assert_eq!((request.scope.to_string().as_str(), request.resource), ("a b", None));

    let refresh = [("grant_type", "refresh_token"), ("refresh_token", "r"), ("scope", "a")];
    let Ok(TokenRequest::Refresh(request)) = TokenRequest::parse(&params(&refresh)) else { panic!("no refresh") };
    assert_eq!((request.refresh_token.expose_secret(), request.scope.to_string().as_str()), ("r", "a"));

    let service = [("grant_type", "client_credentials")];
    let Ok(TokenRequest::ClientCredentials(request)) = TokenRequest::parse(&params(&service)) else {
        panic!("no service")
    };
    assert!(request.scope.is_empty());
}

#[test]
fn what_is_missing_is_named() {
    for (pairs, name) in [
        (&[("scope", "a")][..], "grant_type"),
        (&[("grant_type", "")], "grant_type"),
        (&[("grant_type", "authorization_code")], "code"),
        (&[("grant_type", "authorization_code"), ("code", "")], "code"),
        (&[("grant_type", "refresh_token"), ("scope", "a")], "refresh_token"),
        (&[("grant_type", "password"), ("password", "x")], "username"),
        (&[("grant_type", "password"), ("username", "x"), ("password", "")], "password"),
    ] {
        let (code, words) = code_of(pairs);
        assert_eq!(code, ErrorCode::InvalidRequest);
        assert!(words.contains(name), "{words}");
    }
}

#[test]
fn grants_that_are_not_served_are_unsupported() {
    for grant in ["implicit", "Password", "urn:ietf:params:oauth:grant-type:device_code", "code"] {
        assert_eq!(code_of(&[("grant_type", grant), ("scope", "a\"")]).0, ErrorCode::UnsupportedGrantType, "{grant}");
    }
    for grant in GrantType::ALL {
        assert_eq!(GrantType::parse(grant.as_str()), Some(grant));
    }
}

#[test]
fn bad_scope_and_resource_have_their_own_codes() {
    let service = |more: (&'static str, &'static str)| [("grant_type", "client_credentials"), more];
    assert_eq!(code_of(&service(("scope", "a\"b"))).0, ErrorCode::InvalidScope);
    assert_eq!(code_of(&service(("resource", "api"))).0, ErrorCode::InvalidTarget);
}

#[test]
fn secrets_are_not_shown() {
    let pairs = [("grant_type", "password"), ("username", "ada"), ("password", "hunter2")];
    assert!(!format!("{:?}", TokenRequest::parse(&params(&pairs)).unwrap()).contains("hunter2"));
    let pairs = [("grant_type", "authorization_code"), ("code", "hunter2"), ("code_verifier", "hunter2")];
    assert!(!format!("{:?}", TokenRequest::parse(&params(&pairs)).unwrap()).contains("hunter2"));
}

proptest! {
    #[test]
    fn any_parameters_are_read_without_a_panic(bytes in any::<Vec<u8>>(), grant in 0..4_usize, value in "[^\0]{0,40}") {
        if let Ok(params) = Params::parse(&bytes) {
            let _ = TokenRequest::parse(&params);
        }
        let grant = GrantType::ALL[grant].as_str();
        let names = ["code", "username", "password", "scope", "resource", "redirect_uri", "code_verifier"];
        let pairs: Vec<_> = names.iter().map(|name| (*name, value.as_str())).chain([("grant_type", grant)]).collect();
        let _ = TokenRequest::parse(&params(&pairs));
    }
}
