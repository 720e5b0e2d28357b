//! The `claims` parameter: what is understood, what is ignored, what is refused (OpenID Connect Core 5.5).

use proptest::prelude::*;
use serde_json::json;

use super::refused;
use crate::protocol::claims::{Claim, Claims, ClaimsParameter, SingleClaims};
use crate::protocol::error::ErrorCode;
use crate::protocol::ids::UserId;
use crate::protocol::scope::Scopes;

const ADA: &str = "018f0000-0000-7000-8000-000000000001";
const BOB: &str = "018f0000-0000-7000-8000-000000000002";

fn read(document: &serde_json::Value) -> ClaimsParameter {
    ClaimsParameter::parse(Some(&document.to_string())).unwrap()
}

#[test]
fn the_example_of_the_standard_is_read() {
    let parameter = read(&json!({
        "userinfo": {
            "given_name": {"essential": true}, "nickname": null, "email": {"essential": true},
            "email_verified": {"essential": true}, "picture": null, "http://example.info/claims/groups": null
        },
        "id_token": {"auth_time": {"essential": true}, "acr": {"values": ["urn:mace:incommon:iap:silver"]}}
    }));
    let expected = SingleClaims { userinfo: Claims::parse("email email_verified"), id_token: Claims::default() };
    assert_eq!(parameter.single, expected);
    assert_eq!((parameter.subjects, parameter.essential_acr), (None, None), "a voluntary acr is a preference");
}

#[test]
fn nothing_and_what_is_not_understood_is_nothing() {
    assert_eq!(ClaimsParameter::parse(None), Ok(ClaimsParameter::default()));
    for document in
        [json!({}), json!({"userinfo": {}}), json!({"verified_claims": 1, "userinfo": {"x": 1, "name#de": null}})]
    {
        assert_eq!(read(&document), ClaimsParameter::default(), "{document}");
    }
}

#[test]
fn a_subject_that_is_asked_for_twice_has_to_be_the_same() {
    let ids = |texts: &[&str]| Some(texts.iter().map(|text| UserId::parse(text).unwrap()).collect::<Vec<_>>());
    let subjects =
        |userinfo, id_token| read(&json!({"userinfo": {"sub": userinfo}, "id_token": {"sub": id_token}})).subjects;
    assert_eq!(subjects(json!(null), json!({"essential": true})), None);
    assert_eq!(subjects(json!(null), json!({"value": ADA})), ids(&[ADA]));
    assert_eq!(subjects(json!({"values": [ADA, BOB]}), json!(null)), ids(&[ADA, BOB]));
    assert_eq!(subjects(json!({"values": [ADA, BOB]}), json!({"value": BOB})), ids(&[BOB]));
    assert_eq!(subjects(json!({"value": ADA}), json!({"value": BOB})), ids(&[]));
    assert_eq!(subjects(json!({"value": "ada"}), json!(null)), ids(&[]), "whom we cannot have is nobody");
    let mut hinted = read(&json!({"id_token": {"sub": {"value": ADA}}}));
    hinted.ask_for(UserId::parse(BOB).unwrap());
    assert_eq!(hinted.subjects, ids(&[]));
}

#[test]
fn an_acr_binds_when_it_is_essential_and_in_the_id_token() {
    let acr = |place: &str, acr| read(&json!({place: {"acr": acr}})).essential_acr;
    let essential = json!({"essential": true, "values": ["2", "1"]});
    assert_eq!(acr("id_token", essential.clone()), Some(vec!["2".to_owned(), "1".to_owned()]));
    assert_eq!(acr("id_token", json!({"essential": true, "value": "2"})), Some(vec!["2".to_owned()]));
    assert_eq!(acr("id_token", json!({"essential": true})), None);
    assert_eq!(acr("id_token", json!({"essential": false, "value": "2"})), None);
    assert_eq!(acr("userinfo", essential), None);
}

#[test]
fn what_is_malformed_is_an_invalid_request() {
    let deep = format!(r#"{{"userinfo":{{"x":{}null{}}}}}"#, "[".repeat(200), "]".repeat(200));
    let nested = r#"{"userinfo":{"x":[[[[[[[1]]]]]]]}}"#;
    let long = format!(r#"{{"userinfo":{{"x":"{}"}}}}"#, "y".repeat(4096));
    for bad in [
        "{not json",
        "null",
        "[]",
        "1",
        "\"x\"",
        "{}}",
        "{\"a\":1,\"a\":1}",
        "\u{feff}{}",
        r#"{"userinfo":{"name":null,"name":null}}"#,
        r#"{"userinfo":[]}"#,
        r#"{"id_token":null}"#,
        r#"{"userinfo":"email"}"#,
        r#"{"userinfo":{"name":true}}"#,
        r#"{"userinfo":{"name":{"essential":"yes"}}}"#,
        r#"{"id_token":{"sub":{"value":1}}}"#,
        r#"{"id_token":{"sub":{"values":"x"}}}"#,
        r#"{"id_token":{"acr":{"values":[1]}}}"#,
        r#"{"id_token":{"auth_time":5}}"#,
        nested,
        &deep,
        &long,
    ] {
        let (code, description) = refused(ClaimsParameter::parse(Some(bad)));
        assert_eq!(code, ErrorCode::InvalidRequest, "{bad}");
        assert!(description.starts_with("claims "), "{description}");
    }
}

#[test]
fn each_claim_belongs_to_one_scope_and_has_one_name() {
    for claim in Claim::ALL {
        assert_eq!(Claim::parse(claim.as_str()), Some(claim));
        assert!(Claims::opened_by(&Scopes::parse(claim.scope()).unwrap()).has(claim));
    }
    let all = Claims::opened_by(&Scopes::parse("profile email address phone").unwrap());
    assert_eq!(all.iter().collect::<Vec<_>>(), Claim::ALL);
    assert!(Claims::opened_by(&Scopes::parse("openid offline_access read:users").unwrap()).is_empty());
    assert_eq!(Claims::parse("email name  x email").to_string(), "name email");
    let stored = serde_json::to_string(&all).unwrap();
    assert_eq!(serde_json::from_str::<Claims>(&stored).unwrap(), all);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = ClaimsParameter::parse(Some(&text));
    }

    #[test]
    fn what_goes_beyond_scopes_is_what_they_do_not_open(names in ".{0,60}", scope in "(openid|profile|email|address|phone| ){0,5}") {
        let scope = Scopes::parse(&scope).unwrap_or_default();
        let claims = SingleClaims { userinfo: Claims::parse(&names), id_token: Claims::parse("name address") };
        let beyond = claims.beyond(&scope);
        prop_assert!(beyond.iter().all(|claim| !scope.has(claim.scope())));
        prop_assert!(claims.within(&scope).beyond(&scope).is_empty());
    }
}
