//! What goes onto the wire: error descriptions, bearer tokens and challenges, claims.

use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::refused;
use crate::protocol::access_token::{AccessTokenClaims, Audience, Authentication};
use crate::protocol::bearer::{LONGEST_TOKEN, Presented, challenge, read};
use crate::protocol::claims::Claims;
use crate::protocol::error::{ErrorCode, OAuthError};
use crate::protocol::id_token::{AddressClaim, HashFunction, PersonClaims, at_hash};
use crate::protocol::ids::GrantId;
use crate::protocol::scope::Scopes;

/// RFC 6749 4.1.2.1: `%x20-21 / %x23-5B / %x5D-7E`.
fn is_allowed(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

#[test]
fn a_description_has_only_the_characters_of_the_rfc() {
    for (text, expected) in [
        ("plain text, with signs: [a] {b} 'c' ~!", "plain text, with signs: [a] {b} 'c' ~!"),
        ("say \"hello\"", "say 'hello'"),
        ("back\\slash", "back?slash"),
        ("two\r\nlines\ttab", "two??lines?tab"),
        ("caf\u{e9} \u{1f418} \0 \u{7f}", "caf? ? ? ?"),
        ("", ""),
    ] {
        assert_eq!(OAuthError::invalid_request(text).description(), expected);
    }
    assert_eq!(OAuthError::invalid_request("x".repeat(10_000)).description().len(), 500);
    assert_eq!(OAuthError::invalid_request("é".repeat(10_000)).description().len(), 500);
}

#[test]
fn codes_are_spelled_as_the_standards_spell_them() {
    for (code, text) in [
        (ErrorCode::InvalidRequest, "invalid_request"),
        (ErrorCode::TemporarilyUnavailable, "temporarily_unavailable"),
        (ErrorCode::UnsupportedResponseType, "unsupported_response_type"),
        (ErrorCode::RequestUriNotSupported, "request_uri_not_supported"),
        (ErrorCode::LoginRequired, "login_required"),
        (ErrorCode::InsufficientScope, "insufficient_scope"),
    ] {
        assert_eq!(code.to_string(), text);
    }
}

#[test]
fn a_bearer_token_is_read_from_header_or_form() {
    let token = |text: &str| Ok(Presented::Token(text.to_owned()));
    assert_eq!(read(Some(b"Bearer abc.DEF-_~+/="), None), token("abc.DEF-_~+/="));
    assert_eq!(read(Some(b"bEaReR   abc "), None), token("abc"));
    assert_eq!(read(None, Some("abc")), token("abc"));
    for header in [None, Some(&b"Basic YTpi"[..]), Some(b"Bearer"), Some(b"Bearerabc"), Some(b""), Some(b"DPoP abc")] {
        assert_eq!(read(header, None), Ok(Presented::Nothing), "{header:?}");
    }
    assert!(!format!("{:?}", read(Some(b"Bearer abc"), None)).contains("abc"));
}

#[test]
fn f06_a_token_in_two_places_is_refused() {
    assert_eq!(refused(read(Some(b"Bearer abc"), Some("abc"))).0, ErrorCode::InvalidRequest);
    assert_eq!(refused(read(Some(b"Bearer "), Some("abc"))).0, ErrorCode::InvalidRequest);
}

#[test]
fn a_malformed_bearer_token_is_invalid() {
    let long = format!("Bearer {}", "a".repeat(LONGEST_TOKEN + 1));
    for header in [
        &b"Bearer "[..],
        b"Bearer a b",
        b"Bearer a,b",
        b"Bearer \"a\"",
        b"Bearer a\0",
        b"Bearer \xff",
        "Bearer é".as_bytes(),
        long.as_bytes(),
    ] {
        assert_eq!(
            refused(read(Some(header), None)).0,
            ErrorCode::InvalidToken,
            "{:?}",
            &header[..header.len().min(20)]
        );
    }
    assert_eq!(refused(read(None, Some(" "))).0, ErrorCode::InvalidToken);
}

#[test]
fn a_challenge_says_no_more_than_it_should() {
    assert_eq!(challenge("vestibule", None, None), r#"Bearer realm="vestibule""#);
    let error = OAuthError::new(ErrorCode::InsufficientScope, "needs \"openid\"");
    assert_eq!(
        challenge("vestibule", Some(&error), Some("openid email")),
        r#"Bearer realm="vestibule", error="insufficient_scope", error_description="needs 'openid'", scope="openid email""#
    );
}

fn claims() -> AccessTokenClaims {
    AccessTokenClaims {
        iss: "https://id.example.test".to_owned(),
        sub: "service".to_owned(),
        aud: Audience::One("https://api.example.test".to_owned()),
        exp: 600,
        iat: 0,
        jti: "x".to_owned(),
        client_id: "service".to_owned(),
        scope: Scopes::parse("read:users write:posts").unwrap(),
        userinfo_claims: Claims::default(),
        authentication: None,
    }
}

#[test]
fn an_access_token_carries_the_claims_of_rfc_9068_and_nothing_empty() {
    let expected = json!({
        "iss": "https://id.example.test", "sub": "service", "aud": "https://api.example.test", "exp": 600, "iat": 0,
        "jti": "x", "client_id": "service", "scope": "read:users write:posts",
    });
    assert_eq!(serde_json::to_value(claims()).unwrap(), expected);
    let signed_in = Authentication { auth_time: 5, acr: "1".to_owned(), amr: vec!["pwd".to_owned()] };
    let with_person = AccessTokenClaims { authentication: Some(signed_in), ..claims() };
    let value = serde_json::to_value(&with_person).unwrap();
    assert_eq!((&value["auth_time"], &value["acr"], &value["amr"]), (&json!(5), &json!("1"), &json!(["pwd"])));
    assert_eq!(serde_json::from_value::<AccessTokenClaims>(value).unwrap(), with_person);
}

#[test]
fn the_grant_is_the_first_half_of_jti() {
    let (grant, unique) = (GrantId(Uuid::from_u128(7)), Uuid::from_u128(9));
    let of = |jti: String| AccessTokenClaims { jti, ..claims() }.grant_id();
    assert_eq!(of(AccessTokenClaims::jti(Some(grant), unique)), Some(grant));
    assert_eq!(of(AccessTokenClaims::jti(None, unique)), None);
    for bad in ["", ".", "x.y", &format!("{}.", unique.simple()), &format!(" {grant}.{unique}")] {
        assert_eq!(of(bad.to_owned()), None, "{bad}");
    }
}

#[test]
fn an_audience_is_one_text_or_a_list() {
    let of = |list: &[&str]| Audience::from_list(list.iter().map(|one| (*one).to_owned()).collect());
    assert_eq!(serde_json::to_value(of(&["a"])).unwrap(), json!("a"));
    assert_eq!(serde_json::to_value(of(&["a", "b"])).unwrap(), json!(["a", "b"]));
    assert!(of(&["a", "b"]).has("b") && of(&["a"]).has("a") && !of(&["a"]).has("A") && !of(&[]).has(""));
}

#[test]
fn at_hash_is_the_left_half_of_the_hash_of_the_algorithm() {
    // OpenID Connect Core A.3 and A.4 for SHA-256.
    let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    assert_eq!(at_hash(token, HashFunction::Sha256), "77QmUPtjPfzWtF2AnpK9RQ");
    assert_eq!(at_hash("", HashFunction::Sha512), "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg_SpIdNs6c4");
}

#[test]
fn f05_a_scope_opens_its_claims_and_no_other() {
    let all = PersonClaims {
        name: Some("Ada".to_owned()),
        preferred_username: Some("ada".to_owned()),
        updated_at: Some(1),
        email: Some("ada@example.test".to_owned()),
        email_verified: Some(true),
        address: Some(AddressClaim { country: Some("DE".to_owned()), ..AddressClaim::default() }),
        phone_number: Some("+493012345".to_owned()),
        phone_number_verified: Some(false),
    };
    let opened = |scope: &str| {
        let claims = Claims::opened_by(&Scopes::parse(scope).unwrap());
        serde_json::to_value(all.clone().only(&claims)).unwrap()
    };
    assert_eq!(opened("openid"), json!({}));
    assert_eq!(opened("openid email"), json!({"email": "ada@example.test", "email_verified": true}));
    assert_eq!(opened("profile"), json!({"name": "Ada", "preferred_username": "ada", "updated_at": 1}));
    assert_eq!(opened("address"), json!({"address": {"country": "DE"}}));
    assert_eq!(opened("phone"), json!({"phone_number": "+493012345", "phone_number_verified": false}));
    let single = all.clone().only(&Claims::parse("email_verified name"));
    assert_eq!(serde_json::to_value(single).unwrap(), json!({"name": "Ada", "email_verified": true}));
}

proptest! {
    #[test]
    fn any_text_becomes_a_description(text in any::<String>()) {
        let error = OAuthError::invalid_request(text);
        prop_assert!(is_allowed(error.description()) && error.description().len() <= 500);
        let header = challenge("vestibule", Some(&error), None);
        prop_assert!(header.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        prop_assert_eq!(header.matches('"').count(), 6);
    }

    #[test]
    fn any_header_is_read_without_a_panic(bytes in any::<Vec<u8>>(), form in any::<Option<String>>()) {
        let _ = read(Some(&bytes), form.as_deref());
        let _ = read(Some(&[b"Bearer ".as_slice(), &bytes].concat()), form.as_deref());
    }
}
