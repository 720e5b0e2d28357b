//! Profiles out of claims of every shape.
//!
//! Owns: those tables. Does not own: who may say them.

use serde_json::json;

use super::*;
use crate::model::provider::{ClaimMapping, Create, IssuerRule, Link, Protocol, RoleMapping};
use crate::protocol::ids::{ProviderId, RoleName};

pub(in crate::upstream) fn path(text: &str) -> ClaimPath {
    ClaimPath(text.split('.').map(str::to_owned).collect())
}

/// An OpenID provider with everything as usual.
pub(in crate::upstream) fn provider() -> Provider {
    Provider {
        id: ProviderId::parse("staff").unwrap(),
        display_name: "Staff".to_owned(),
        brand: Brand::Other,
        enabled: true,
        client_id: "client".to_owned(),
        secret: None,
        protocol: Protocol::OpenId { issuer: IssuerRule::Exact("https://op.example".to_owned()), form_post: false },
        scopes: ["openid", "email"].map(str::to_owned).to_vec(),
        authorization_parameters: Vec::new(),
        required_claims: Vec::new(),
        claims: ClaimMapping {
            subject: path("sub"),
            username: path("preferred_username"),
            name: path("name"),
            email: path("email"),
            email_verified: path("email_verified"),
        },
        roles: RoleMapping::default(),
        allowed_domains: Vec::new(),
        create: Create::Always,
        link: Link::Ask,
        logout: crate::model::provider::Logout::Offer,
        update: Vec::new(),
        store_tokens: false,
        defined_at: None,
    }
}

fn claims(mut value: Value) -> Claims {
    std::mem::take(value.as_object_mut().unwrap())
}

#[test]
fn only_true_is_verified() {
    for (verified, expected) in [
        (json!(true), true),
        (json!(false), false),
        (json!("true"), false),
        (json!(1), false),
        (json!(null), false),
        (json!("yes"), false),
        (json!([true]), false),
    ] {
        let profile = read(&provider(), &[&claims(json!({ "email": "ada@example.org", "email_verified": verified }))]);
        assert_eq!(profile.email_verified, expected, "{verified}");
    }
    let profile = read(&provider(), &[&claims(json!({ "email": "ada@example.org" }))]);
    assert_eq!(profile.verified_email(), None);
    let apple = Provider { brand: Brand::Apple, ..provider() };
    assert!(read(&apple, &[&claims(json!({ "email": "ada@example.org", "email_verified": "true" }))]).email_verified);
}

#[test]
fn an_address_and_its_proof_come_from_the_same_place() {
    let token = claims(json!({ "email": "ada@example.org" }));
    let userinfo = claims(json!({ "email": "eve@example.org", "email_verified": true, "name": "Ada" }));
    let profile = read(&provider(), &[&token, &userinfo]);
    assert_eq!(profile.email.as_ref().unwrap().as_str(), "ada@example.org");
    assert_eq!((profile.verified_email(), profile.name.as_deref()), (None, Some("Ada")));
}

#[test]
fn what_is_no_text_or_no_address_is_absent() {
    for odd in [json!(7), json!(["a"]), json!({ "a": 1 }), json!(""), json!(" \u{1}\n "), json!(null)] {
        let profile = read(&provider(), &[&claims(json!({ "name": odd, "preferred_username": odd, "email": odd }))]);
        assert_eq!(profile, ExternalProfile::default(), "{odd}");
    }
    for odd in ["a@evil.com@corp.com", "a@", "@b", "a b@c", "\"a\"@b"] {
        assert_eq!(read(&provider(), &[&claims(json!({ "email": odd, "email_verified": true }))]).email, None, "{odd}");
    }
    let long = read(&provider(), &[&claims(json!({ "name": "x".repeat(1000) }))]);
    assert_eq!(long.name.unwrap().len(), 200);
}

#[test]
fn a_path_goes_inwards() {
    let mut provider = provider();
    provider.claims.username = path("attributes.uid");
    let profile = read(&provider, &[&claims(json!({ "attributes": { "uid": "ada" } }))]);
    assert_eq!(profile.username.as_deref(), Some("ada"));
    assert_eq!(read(&provider, &[&claims(json!({ "attributes": "ada" }))]).username, None);
    assert_eq!(find(&Claims::new(), &ClaimPath(Vec::new())), None);
}

#[test]
fn a_subject_is_text_or_a_whole_number() {
    let of = |value: Value| subject(&claims(json!({ "sub": value })), &path("sub"));
    assert_eq!(of(json!("a b")).as_deref(), Some("a b"));
    assert_eq!(of(json!(583_231)).as_deref(), Some("583231"));
    for odd in [json!(1.5), json!(true), json!(null), json!(["a"]), json!({})] {
        assert_eq!(of(odd.clone()), None, "{odd}");
    }
}

#[test]
fn roles_come_from_the_configured_values_alone() {
    let mut provider = provider();
    let role = |name: &str| RoleName::parse(name).unwrap();
    provider.roles = RoleMapping {
        claim: Some(path("realm.roles")),
        roles: vec![
            ("boss".to_owned(), role("admin")),
            ("chief".to_owned(), role("admin")),
            ("staff".to_owned(), role("reader")),
        ],
    };
    let of = |value: Value| read(&provider, &[&claims(json!({ "realm": { "roles": value } }))]).roles;
    assert_eq!(of(json!(["boss", "chief", "admin", 7])), [role("admin")]);
    assert_eq!(of(json!("staff")), [role("reader")]);
    assert_eq!(of(json!({ "boss": true })), []);
    assert_eq!(read(&provider, &[&Claims::new()]).roles, []);
}
