//! An authorization request held against its client.

use super::*;
use crate::model::consent::Permission;
use crate::model::interaction::{ConsentGiven, Interaction};
use crate::protocol::redirect_uri::ChooseError;

#[test]
fn a_good_request_is_checked() {
    let request = checked(&web(), &[("state", "xyz"), ("resource", POSTS)]).unwrap();
    assert_eq!(request.scope, scopes("openid posts:read"));
    assert_eq!(request.resource.as_deref(), Some(POSTS));
    assert_eq!(request.reply_to.redirect_uri().as_str(), CALLBACK);
    assert!(request.still_holds(&web(), &registry()).is_ok());
}

#[test]
fn c02_a_request_without_challenge_is_refused_where_one_is_needed() {
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let optional = Client { pkce: PkcePolicy::Optional, ..web() };
    assert!(checked(&optional, &without).unwrap().code_challenge.is_none());
    assert!(checked(&optional, &[]).unwrap().code_challenge.is_some());
    let error = checked(&web(), &without).unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidRequest);
    assert!(error.description().contains("pkce = 'optional'") && error.description().contains("web"), "{error}");
    for public in [public(), Client { pkce: PkcePolicy::Optional, ..public() }] {
        let error = checked(&public, &without).unwrap_err();
        assert!(error.description().contains("code_challenge_method=S256"), "{error}");
    }
}

#[test]
fn unknown_scopes_are_ignored_beside_openid_and_refused_without() {
    let ignored = checked(&web(), &[("scope", "openid nonsense")]).unwrap();
    assert_eq!(ignored.scope, scopes("openid"));
    assert_eq!(code_of(checked(&web(), &[("scope", "posts:read nonsense")])), ErrorCode::InvalidScope);
    let no_openid = Client { scope: scopes("posts:read"), ..web() };
    assert_eq!(code_of(checked(&no_openid, &[("scope", "openid nonsense")])), ErrorCode::InvalidScope);
}

#[test]
fn the_default_scope_fits_the_resource() {
    assert_eq!(code_of(checked(&web(), &[("scope", "")])), ErrorCode::InvalidScope);
    let request = checked(&web(), &[("scope", ""), ("resource", BILLS)]).unwrap();
    assert_eq!(request.scope, scopes("openid bills:read"));
}

#[test]
fn faults_are_reported_in_their_order() {
    let no_grant = Client { grant_types: Vec::new(), ..web() };
    let bad_scope = ("scope", "nonsense");
    let bad_target = ("resource", "https://unknown.example.test");
    let no_pkce = [("code_challenge", ""), ("code_challenge_method", "")];
    let all = [bad_scope, bad_target, no_pkce[0], no_pkce[1]];
    assert_eq!(code_of(checked(&no_grant, &all)), ErrorCode::UnauthorizedClient);
    assert_eq!(code_of(checked(&web(), &all)), ErrorCode::InvalidRequest);
    assert_eq!(code_of(checked(&web(), &all[..2])), ErrorCode::InvalidScope);
    assert_eq!(code_of(checked(&web(), &all[1..2])), ErrorCode::InvalidTarget);
}

#[test]
fn a_stored_request_is_held_against_the_client_as_it_is_now() {
    let optional = Client { pkce: PkcePolicy::Optional, ..web() };
    let request =
        checked(&optional, &[("code_challenge", ""), ("code_challenge_method", ""), ("resource", POSTS)]).unwrap();
    let read: CheckedRequest = serde_json::from_str(&serde_json::to_string(&request).unwrap()).unwrap();
    assert_eq!(read, request);
    assert!(read.still_holds(&optional, &registry()).is_ok());
    assert_eq!(code_of(read.still_holds(&web(), &registry())), ErrorCode::InvalidRequest);
    let fewer = Client { scope: scopes("openid"), ..optional.clone() };
    assert_eq!(code_of(read.still_holds(&fewer, &registry())), ErrorCode::InvalidScope);
    let none = Client { grant_types: Vec::new(), ..optional.clone() };
    assert_eq!(code_of(read.still_holds(&none, &registry())), ErrorCode::UnauthorizedClient);
    let other_apis = Registry::new(vec![], vec![], vec![], false);
    assert_eq!(code_of(read.still_holds(&optional, &other_apis)), ErrorCode::InvalidTarget);
}

#[test]
fn an_answer_goes_only_to_a_uri_of_the_client() {
    let to = |uri: &str| web().reply_to(&Addressee::read(&params(&[("redirect_uri", uri)])));
    assert!(to(CALLBACK).is_ok() && to("").is_ok());
    assert_eq!(to("https://evil.test/cb").unwrap_err(), ChooseError::NotRegistered);
    let two = Client { redirect_uris: [web().redirect_uris, web().redirect_uris].concat(), ..web() };
    assert_eq!(two.reply_to(&Addressee::read(&params(&[]))).unwrap_err(), ChooseError::Missing);
}

#[test]
fn a_transaction_goes_forward_only() {
    let begun = Interaction::begin(web().client_id, checked(&web(), &[]).unwrap(), TokenHash::of(b"browser"), NOW, NOW);
    let given =
        ConsentGiven { by: user().id, permission: Permission { scope: scopes("openid"), ..Permission::default() } };
    let [one, two] = [TokenHash::of(b"one"), TokenHash::of(b"two")];
    let with_two = begun.clone().with_session(one).with_session(two);
    assert_eq!(with_two.sessions(), [one, two]);
    assert!(with_two.has_made(&one) && with_two.has_made(&two) && !begun.has_made(&one));
    let with_many = (0..100_u8).fold(with_two.clone(), |known, one| known.with_session(TokenHash::of(&[one])));
    assert_eq!(with_many.sessions().len(), 8);
    assert!(with_many.has_made(&TokenHash::of(&[99])));
    let consented = with_two.with_consent(given.clone());
    assert_eq!(consented.consent(), Some(&given));
    let answered = consented.clone().answered();
    assert!(answered.is_answered() && answered.consent().is_none());
    assert_eq!(answered.clone().with_consent(given).with_session(TokenHash::of(b"three")), answered);
    for interaction in [begun, consented, answered] {
        let text = serde_json::to_string(&interaction).unwrap();
        assert_eq!(serde_json::from_str::<Interaction>(&text).unwrap(), interaction);
    }
}
