//! Answers of the authorization endpoint: RFC 6749 4.1.2, RFC 9207.

use std::collections::HashMap;

use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use url::Url;

use crate::protocol::error::OAuthError;
use crate::protocol::issuer::Issuer;
use crate::protocol::opaque::OpaqueToken;
use crate::protocol::redirect_uri::{ApplicationType, RedirectUri, RegisteredRedirectUri};
use crate::protocol::reply::{AuthorizationResponse, ReplyTo};
use crate::protocol::response::ResponseMode;

const ISSUER: &str = "https://id.example.test/auth";

fn reply_to(uri: &str, state: Option<&str>) -> ReplyTo {
    let uri = RedirectUri::parse(uri, ApplicationType::Native).unwrap();
    let chosen = RegisteredRedirectUri::choose(&[uri], ApplicationType::Native, None).unwrap();
    ReplyTo::new(chosen, ResponseMode::Query, state.map(str::to_owned))
}

/// The URL of an answer by query.
fn url_of(response: AuthorizationResponse) -> String {
    match response {
        AuthorizationResponse::Redirect(url) => url,
        AuthorizationResponse::FormPost { .. } => panic!("a form: {response:?}"),
    }
}

fn code() -> OpaqueToken {
    OpaqueToken::generate(&mut StdRng::seed_from_u64(1))
}

fn query(url: &str) -> HashMap<String, String> {
    let pairs: Vec<_> = Url::parse(url).unwrap().query_pairs().into_owned().collect();
    let count = pairs.len();
    let map: HashMap<_, _> = pairs.into_iter().collect();
    assert_eq!(map.len(), count, "a parameter twice in {url}");
    map
}

#[test]
fn a_code_goes_with_state_and_issuer() {
    let issuer = Issuer::parse(ISSUER).unwrap();
    let answer = query(&url_of(reply_to("https://app.example/cb", Some("a b&c=é")).with_code(&code(), &issuer)));
    assert_eq!(answer.len(), 3);
    assert_eq!(answer["code"], code().expose());
    assert_eq!(answer["state"], "a b&c=é");
    assert_eq!(answer["iss"], ISSUER);
    let answer = query(&url_of(reply_to("https://app.example/cb", None).with_code(&code(), &issuer)));
    assert!(!answer.contains_key("state"));
}

#[test]
fn a16_an_error_goes_with_state_and_issuer() {
    let issuer = Issuer::parse(ISSUER).unwrap();
    let error = OAuthError::access_denied("no & yes");
    let answer = query(&url_of(reply_to("https://app.example/cb", Some("x")).with_error(&error, &issuer)));
    assert_eq!(answer.len(), 4);
    assert_eq!((answer["error"].as_str(), answer["error_description"].as_str()), ("access_denied", "no & yes"));
    assert_eq!((answer["state"].as_str(), answer["iss"].as_str()), ("x", ISSUER));
}

#[test]
fn an_existing_query_is_kept() {
    let issuer = Issuer::parse(ISSUER).unwrap();
    for (uri, start) in [
        ("https://app.example/cb", "https://app.example/cb?code="),
        ("https://app.example", "https://app.example?code="),
        ("https://app.example/cb?", "https://app.example/cb?code="),
        ("https://app.example/cb?a=1", "https://app.example/cb?a=1&code="),
        ("https://app.example/cb?a=1&", "https://app.example/cb?a=1&code="),
        ("https://app.example/cb?a=%2F?", "https://app.example/cb?a=%2F?&code="),
        ("com.example.app:/cb", "com.example.app:/cb?code="),
        ("com.example.app:/cb?a=1", "com.example.app:/cb?a=1&code="),
        ("http://[::1]:5000/cb", "http://[::1]:5000/cb?code="),
    ] {
        let answer = url_of(reply_to(uri, None).with_code(&code(), &issuer));
        assert!(answer.starts_with(start), "{answer}");
    }
}

#[test]
fn a_form_carries_the_same_members_and_leaves_the_uri_as_it_is() {
    let issuer = Issuer::parse(ISSUER).unwrap();
    let query = reply_to("https://app.example/cb?a=1", Some("x\">"));
    let form = ReplyTo::new(query.redirect_uri().clone(), ResponseMode::FormPost, Some("x\">".to_owned()));
    let AuthorizationResponse::FormPost { redirect_uri, members } = form.with_code(&code(), &issuer) else {
        panic!("not a form")
    };
    assert_eq!(redirect_uri.as_str(), "https://app.example/cb?a=1");
    let secret = code().expose().to_owned();
    assert_eq!(members, [("code", secret), ("state", "x\">".to_owned()), ("iss", ISSUER.to_owned())]);
    let error = OAuthError::access_denied("no");
    let AuthorizationResponse::FormPost { members, .. } = form.with_error(&error, &issuer) else {
        panic!("not a form")
    };
    let names: Vec<_> = members.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["error", "error_description", "state", "iss"]);
}

proptest! {
    #[test]
    fn any_state_comes_back_as_it_was(state in any::<String>()) {
        let issuer = Issuer::parse(ISSUER).unwrap();
        let url = url_of(reply_to("https://app.example/cb?a=1", Some(&state)).with_code(&code(), &issuer));
        prop_assert!(url.bytes().all(|byte| (0x21..0x7f).contains(&byte)));
        let answer = query(&url);
        prop_assert_eq!(&answer["state"], &state);
        let read = Url::parse(&url).unwrap();
        prop_assert_eq!(read.host_str(), Some("app.example"));
    }
}
