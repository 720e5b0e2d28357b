//! Every check of an ID token, each by a token that is good but for one thing (threats I08, I10, G01, G11).
//!
//! Owns: those tables. Does not own: the way of a token to here (`tests/it/providers`).

use aws_lc_rs::signature::EcdsaKeyPair;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::upstream::oidc::tests::{self, PAIR, encode, keys, pair, sign};

const NOW: i64 = 1_767_225_600;
const ISSUER: &str = "https://op.example/tenant/";
const ACCESS_TOKEN: &str = "the access token";

/// The public half, for signatures.
fn jwk(pair: &EcdsaKeyPair, kid: Option<&str>) -> Value {
    let mut key = tests::jwk(pair, &json!({ "use": "sig" }));
    if let Some(kid) = kid {
        key["kid"] = kid.into();
    }
    key
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": "one", "typ": "JWT" })
}

fn at_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(token.as_bytes())[..16])
}

fn good() -> Value {
    json!({
        "iss": ISSUER, "aud": "client", "sub": "248289761001", "exp": NOW + 300, "iat": NOW, "nonce": "the nonce",
        "at_hash": at_hash(ACCESS_TOKEN),
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = good();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = good();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// What comes of a token: nothing, or why not.
fn judge_with(text: &str, keys: &CoreJsonWebKeySet) -> Result<(), Reason> {
    let token: CoreIdToken = text.parse().map_err(|_| Reason::Malformed)?;
    let claims = payload(text).ok_or(Reason::Malformed)?;
    let expected = Expected {
        issuer: IssuerUrl::new(ISSUER.to_owned()).unwrap(),
        client_id: "client",
        nonce: "the nonce".to_owned(),
        access_token: ACCESS_TOKEN,
        now: Timestamp::from_seconds(NOW),
    };
    verify(&token, &claims, keys, &expected).map_err(|refused| refused.into_error().reason())
}

fn judge(text: &str) -> Result<(), Reason> {
    judge_with(text, &keys(&[jwk(&PAIR, Some("one"))]))
}

fn judge_claims(claims: &Value) -> Result<(), Reason> {
    judge(&sign(&PAIR, &header(), claims))
}

#[test]
fn a_good_token_is_taken() {
    assert_eq!(judge_claims(&good()), Ok(()));
    for claims in [
        with("aud", json!(["client"])),
        with("azp", json!("client")),
        without("at_hash"),
        with("exp", json!(NOW - 59)),
        with("iat", json!(NOW + 60)),
        with("nbf", json!(NOW + 60)),
        with("sub", json!("x".repeat(255))),
        with("auth_time", json!(NOW - 9)),
        with("email_verified", json!("true")),
        // Auth0 writes it so.
        with("updated_at", json!("2025-12-31T23:59:59.000Z")),
    ] {
        assert_eq!(judge_claims(&claims), Ok(()), "{claims}");
    }
}

#[test]
fn a_token_that_says_something_else_is_refused() {
    for (claims, reason) in [
        (with("iss", json!("https://op.example/tenant")), Reason::Issuer),
        (with("iss", json!("https://OP.example/tenant/")), Reason::Issuer),
        (with("iss", json!("https://evil.example/")), Reason::Issuer),
        (with("aud", json!("another")), Reason::Audience),
        (with("aud", json!(["another", "third"])), Reason::Audience),
        (with("aud", json!(["client", "another"])), Reason::Audience),
        (with("aud", json!([])), Reason::Audience),
        (without("aud"), Reason::Audience),
        (with("azp", json!("another")), Reason::Audience),
        (with("exp", json!(NOW - 60)), Reason::Times),
        (with("exp", json!(NOW - 86_400)), Reason::Times),
        (with("iat", json!(NOW + 61)), Reason::Times),
        (with("nbf", json!(NOW + 61)), Reason::Times),
        (with("nbf", json!("now")), Reason::Times),
        (with("nonce", json!("another")), Reason::Nonce),
        (with("nonce", json!("")), Reason::Nonce),
        (with("nonce", json!(null)), Reason::Nonce),
        (without("nonce"), Reason::Nonce),
        (with("at_hash", json!(at_hash("another"))), Reason::AccessTokenHash),
        (with("at_hash", json!("")), Reason::AccessTokenHash),
        (with("sub", json!("")), Reason::Subject),
        (with("sub", json!("x".repeat(256))), Reason::Subject),
    ] {
        assert_eq!(judge_claims(&claims), Err(reason), "{claims}");
    }
}

#[test]
fn a_claim_of_another_type_is_refused() {
    for claims in [
        with("exp", json!("4000000000")),
        with("exp", json!("2099-01-01T00:00:00Z")),
        with("exp", json!([NOW + 300])),
        with("exp", json!(null)),
        without("exp"),
        with("iat", json!("2025-01-01T00:00:00Z")),
        without("iat"),
        with("sub", json!(7)),
        with("sub", json!(["a"])),
        with("sub", json!(null)),
        without("sub"),
        with("iss", json!([ISSUER])),
        with("iss", json!("not a url")),
        without("iss"),
        with("nonce", json!(["the nonce"])),
        with("aud", json!({ "client": true })),
        with("azp", json!(["client"])),
        with("azp", json!(true)),
        with("auth_time", json!("yesterday")),
        with("at_hash", json!(7)),
        json!([]),
        json!("client"),
    ] {
        assert!(judge_claims(&claims).is_err(), "{claims}");
    }
}

/// G01.
#[test]
fn only_a_signature_by_the_providers_own_key_counts() {
    let public = jwk(&PAIR, Some("one")).to_string();
    let by_secret = |alg: &str, secret: &[u8]| {
        let signed = format!("{}.{}", encode(&json!({ "alg": alg, "kid": "one" })), encode(&good()));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    };
    let good = sign(&PAIR, &header(), &good());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let none = |alg: &str| format!("{}.{}.", encode(&json!({ "alg": alg })), signed.split_once('.').unwrap().1);
    for (name, token) in [
        ("none", none("none")),
        ("None", none("None")),
        ("nOnE", none("nOnE")),
        ("no signature", format!("{signed}.")),
        ("an empty public secret", by_secret("HS256", b"")),
        ("the client secret", by_secret("HS256", b"client secret")),
        ("the public key as a secret", by_secret("HS256", public.as_bytes())),
        ("HS512", by_secret("HS512", b"client secret")),
        ("RS256 with a key on a curve", sign(&PAIR, &json!({ "alg": "RS256", "kid": "one" }), &self::good())),
        ("ES384 with a key on P-256", sign(&PAIR, &json!({ "alg": "ES384", "kid": "one" }), &self::good())),
        ("an unknown algorithm", sign(&PAIR, &json!({ "alg": "ES256K", "kid": "one" }), &self::good())),
        ("another key", sign(&pair(), &header(), &self::good())),
        ("zeros", format!("{signed}.{}", URL_SAFE_NO_PAD.encode([0_u8; 64]))),
        ("a short signature", format!("{signed}.{}", &signature[..40])),
        ("its own key in the header", {
            let other = pair();
            sign(&other, &json!({ "alg": "ES256", "kid": "one", "jwk": jwk(&other, None) }), &self::good())
        }),
        ("critical", sign(&PAIR, &json!({ "alg": "ES256", "kid": "one", "crit": ["x"], "x": 1 }), &self::good())),
        ("an access token", sign(&PAIR, &json!({ "alg": "ES256", "kid": "one", "typ": "at+jwt" }), &self::good())),
        ("a logout token", sign(&PAIR, &json!({ "alg": "ES256", "kid": "one", "typ": "logout+jwt" }), &self::good())),
        ("nested", sign(&PAIR, &json!({ "alg": "ES256", "kid": "one", "cty": "JWT" }), &self::good())),
        ("five parts", format!("{good}.x.y")),
        ("two parts", signed.to_owned()),
        ("nothing", String::new()),
        ("dots", ".".repeat(100_000)),
    ] {
        assert!(judge(&token).is_err(), "{name}");
    }
}

#[test]
fn a_key_that_is_not_there_may_be_there_in_newer_keys() {
    let token = sign(&PAIR, &header(), &good());
    let mine = jwk(&PAIR, Some("one"));
    for (name, list, reason) in [
        ("no key", vec![], Reason::UnknownKey),
        ("another name", vec![jwk(&PAIR, Some("two"))], Reason::UnknownKey),
        ("the same name, another key", vec![jwk(&pair(), Some("one"))], Reason::Signature),
        ("twice", vec![mine.clone(), jwk(&pair(), Some("one"))], Reason::UnknownKey),
    ] {
        let list = keys(&list);
        assert_eq!(judge_with(&token, &list), Err(reason), "{name}");
        let parsed: CoreIdToken = token.parse().unwrap();
        let expected = Expected {
            issuer: IssuerUrl::new(ISSUER.to_owned()).unwrap(),
            client_id: "client",
            nonce: "the nonce".to_owned(),
            access_token: ACCESS_TOKEN,
            now: Timestamp::from_seconds(NOW),
        };
        let refused = verify(&parsed, &payload(&token).unwrap(), &list, &expected).unwrap_err();
        assert!(matches!(refused, Refused::ByTheseKeys(_)), "{name}");
    }
    assert_eq!(judge_with(&token, &keys(&[mine, jwk(&pair(), Some("two")), json!({ "kty": "new" })])), Ok(()));
    let nameless = sign(&PAIR, &json!({ "alg": "ES256" }), &good());
    assert_eq!(judge_with(&nameless, &keys(&[jwk(&PAIR, None)])), Ok(()));
}

#[test]
fn a_key_for_something_else_verifies_nothing() {
    let token = sign(&PAIR, &header(), &good());
    for (name, value) in [("use", "enc"), ("alg", "RS256"), ("alg", "ECDH-ES")] {
        let mut key = jwk(&PAIR, Some("one"));
        key[name] = value.into();
        assert!(judge_with(&token, &keys(&[key])).is_err(), "{name} {value}");
    }
}

#[test]
fn a_tenant_of_microsoft_vouches_for_its_own() {
    let rule = IssuerRule::MicrosoftTenants { authority: "https://login.example/common/v2.0".to_owned() };
    let of = |claims: Value| {
        let found = expected_issuer(&rule, "https://login.example/{tenantid}/v2.0", claims.as_object().unwrap());
        found.map(|issuer| issuer.to_string()).map_err(|error| error.reason())
    };
    let tenant = "9188040d-6c67-4c5b-b112-36a304b66dad";
    assert_eq!(of(json!({ "tid": tenant })), Ok(format!("https://login.example/{tenant}/v2.0")));
    for odd in
        [json!({}), json!({ "tid": 7 }), json!({ "tid": "../evil" }), json!({ "tid": "common" }), json!({ "tid": "" })]
    {
        assert_eq!(of(odd.clone()), Err(Reason::Issuer), "{odd}");
    }
}

/// A refresh token goes to the issuer that gave it.
#[test]
fn tokens_are_of_the_configured_issuer_or_of_one_of_its_tenants() {
    let exact = IssuerRule::Exact(ISSUER.to_owned());
    assert!(may_be_issuer(&exact, ISSUER, ISSUER));
    assert!(!may_be_issuer(&exact, ISSUER, ISSUER.trim_end_matches('/')));
    let tenants = IssuerRule::MicrosoftTenants { authority: "https://login.example/common/v2.0".to_owned() };
    let of = |issuer: &str| may_be_issuer(&tenants, "https://login.example/{tenantid}/v2.0", issuer);
    assert!(of("https://login.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"));
    for other in [
        "https://login.example/{tenantid}/v2.0",
        "https://login.example/common/v2.0",
        "https://login.example//v2.0",
        "https://evil.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        "https://login.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0/x",
        "https://login.example/v2.0",
        "",
    ] {
        assert!(!of(other), "{other}");
    }
}

#[test]
fn an_instant_is_a_number() {
    assert_eq!(seconds(&json!(NOW)), Some(Timestamp::from_seconds(NOW)));
    assert_eq!(seconds(&json!(1_767_225_600.9)), Some(Timestamp::from_seconds(NOW)));
    for odd in [json!("1767225600"), json!(true), json!(null), json!(-1.5), json!(1e300)] {
        assert_eq!(seconds(&odd), None, "{odd}");
    }
}
