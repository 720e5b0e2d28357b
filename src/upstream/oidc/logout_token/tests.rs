//! Every check of a logout token, each by a token that is good but for one thing (threat I19).
//!
//! Owns: those tables. Does not own: the way of a token to here (`tests/it/upstream_sign_out`).

use aws_lc_rs::rand::SystemRandom;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::upstream::oidc::tests::{PAIR, encode, jwk, keys, pair, sign};

const NOW: i64 = 1_767_225_600;
const ISSUER: &str = "https://op.example/tenant/";

fn published() -> CoreJsonWebKeySet {
    keys(&[jwk(&PAIR, &json!({ "kid": "one", "use": "sig", "alg": "ES256" }))])
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": "one", "typ": "logout+jwt" })
}

fn good() -> Value {
    json!({
        "iss": ISSUER, "aud": "client", "iat": NOW, "exp": NOW + 120, "jti": "bWJq", "sub": "248289761001",
        "sid": "08a5019c", "events": { EVENT: {} },
    })
}

/// Good but for these members; `null` takes one away.
fn but(mut base: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        let members = base.as_object_mut().unwrap();
        if value.is_null() {
            members.remove(name)
        } else {
            members.insert(name.clone(), value.clone())
        };
    }
    base
}

fn provider() -> ProviderId {
    ProviderId::parse("op").unwrap()
}

fn take_by(text: &str, keys: &CoreJsonWebKeySet) -> Result<LogoutToken, Reason> {
    let provider = provider();
    let expected =
        Expected { provider: &provider, issuer: ISSUER, client_id: "client", now: Timestamp::from_seconds(NOW) };
    let token = Unverified::read(text).map_err(|error| error.reason())?;
    let checked = token.check(&expected).map_err(|error| error.reason())?;
    token.check_signature(keys).map_err(|refused| refused.into_error().reason())?;
    Ok(checked)
}

fn take(header: &Value, claims: &Value) -> Result<LogoutToken, Reason> {
    take_by(&sign(&PAIR, header, claims), &published())
}

fn take_but(changes: &Value) -> Result<LogoutToken, Reason> {
    take(&header(), &but(good(), changes))
}

#[test]
fn a_good_token_says_who_signed_out_and_until_when_it_counts() {
    let identity = IdentityKey { provider: provider(), issuer: ISSUER.to_owned(), subject: "248289761001".to_owned() };
    let sid = "08a5019c".to_owned();
    let both = take_but(&json!({})).unwrap();
    assert_eq!(both.ended(), &EndedThere::One { identity: identity.clone(), sid: sid.clone() });
    assert_eq!(both.good_until(), Timestamp::from_seconds(NOW + 180));
    assert_eq!(take_but(&json!({ "sid": null })).unwrap().ended(), &EndedThere::All(identity));
    let anybodys = EndedThere::Anybodys { provider: provider(), issuer: ISSUER.to_owned(), sid };
    assert_eq!(take_but(&json!({ "sub": null })).unwrap().ended(), &anybodys);
}

#[test]
fn a_token_is_known_again_by_its_jti() {
    let name = |changes| *take_but(&changes).unwrap().name();
    assert_eq!(name(json!({})), name(json!({ "sub": "another", "exp": NOW + 60 })));
    assert_ne!(name(json!({})), name(json!({ "jti": "another" })));
}

#[test]
fn unusual_tokens_that_are_right_are_taken() {
    for claims in [
        json!({ "aud": ["client"] }),
        json!({ "aud": ["another", "client"] }),
        json!({ "iat": NOW + 59, "exp": NOW - 59 }),
        json!({ "iat": NOW - 86_400 }),
        json!({ "iat": 1_767_225_600.5, "exp": 1_767_225_700.25 }),
        json!({ "nbf": NOW }),
        json!({ "events": { EVENT: { "more": 1 }, "https://another.example/event": {} } }),
        json!({ "extra": [1, { "a": null }] }),
        json!({ "sid": "s".repeat(5000) }),
    ] {
        assert!(take_but(&claims).is_ok(), "{claims}");
    }
    for header in [
        json!({ "alg": "ES256", "kid": "one" }),
        json!({ "alg": "ES256" }),
        json!({ "alg": "ES256", "kid": "one", "typ": "JWT" }),
        json!({ "alg": "ES256", "kid": "one", "typ": "application/logout+jwt" }),
        json!({ "alg": "ES256", "kid": "one", "typ": "Logout+JWT", "cty": "x" }),
    ] {
        assert!(take(&header, &good()).is_ok(), "{header}");
    }
}

#[test]
fn whatever_is_wrong_in_the_claims_is_refused() {
    let event = |value: Value| json!({ "events": { EVENT: value } });
    for (changes, reason) in [
        (json!({ "iss": null }), Reason::Issuer),
        (json!({ "iss": "https://op.example/tenant" }), Reason::Issuer),
        (json!({ "iss": [ISSUER] }), Reason::Issuer),
        (json!({ "aud": null }), Reason::Audience),
        (json!({ "aud": "another" }), Reason::Audience),
        (json!({ "aud": [] }), Reason::Audience),
        (json!({ "aud": ["another"] }), Reason::Audience),
        (json!({ "aud": ["client", 7] }), Reason::Audience),
        (json!({ "aud": { "client": "client" } }), Reason::Audience),
        (json!({ "iat": null }), Reason::Times),
        (json!({ "iat": "1767225600" }), Reason::Times),
        (json!({ "iat": NOW + 61 }), Reason::Times),
        (json!({ "exp": null }), Reason::Times),
        (json!({ "exp": (NOW + 120).to_string() }), Reason::Times),
        (json!({ "exp": NOW - 60 }), Reason::Times),
        (json!({ "nbf": NOW + 61 }), Reason::Times),
        (json!({ "nbf": "now" }), Reason::Times),
        (json!({ "jti": null }), Reason::Malformed),
        (json!({ "jti": "" }), Reason::Malformed),
        (json!({ "jti": 7 }), Reason::Malformed),
        (json!({ "events": null }), Reason::Event),
        (json!({ "events": {} }), Reason::Event),
        (json!({ "events": EVENT }), Reason::Event),
        (json!({ "events": [EVENT] }), Reason::Event),
        (json!({ "events": { "http://schemas.openid.net/event/logout": {} } }), Reason::Event),
        (event(json!("")), Reason::Event),
        (event(json!([])), Reason::Event),
        (event(json!(true)), Reason::Event),
        (event(Value::Null), Reason::Event),
        (json!({ "nonce": "n" }), Reason::Nonce),
        (json!({ "nonce": "" }), Reason::Nonce),
        (json!({ "nonce": false }), Reason::Nonce),
        (json!({ "sub": null, "sid": null }), Reason::Subject),
        (json!({ "sub": "" }), Reason::Subject),
        (json!({ "sub": 7 }), Reason::Subject),
        (json!({ "sub": null, "sid": "" }), Reason::Subject),
        (json!({ "sid": 7 }), Reason::Subject),
        (json!({ "sid": ["08a5019c"] }), Reason::Subject),
    ] {
        assert_eq!(take_but(&changes), Err(reason), "{changes}");
    }
}

/// `null` is a nonce too.
#[test]
fn a_nonce_is_prohibited_whatever_it_is() {
    let mut claims = good();
    claims["nonce"] = Value::Null;
    assert_eq!(take(&header(), &claims), Err(Reason::Nonce));
}

/// The other way about, an ID token needs the nonce that this one must not have.
#[test]
fn an_id_token_is_none() {
    let id_token = json!({
        "iss": ISSUER, "aud": "client", "iat": NOW, "exp": NOW + 300, "sub": "248289761001", "sid": "08a5019c",
        "jti": "x", "nonce": "n", "auth_time": NOW,
    });
    assert_eq!(take(&json!({ "alg": "ES256", "kid": "one", "typ": "JWT" }), &id_token), Err(Reason::Event));
    let with_event = but(id_token, &json!({ "events": { EVENT: {} } }));
    assert_eq!(take(&header(), &with_event), Err(Reason::Nonce));
}

#[test]
fn whatever_is_wrong_in_the_header_is_refused() {
    for (header, reason) in [
        (json!({ "kid": "one" }), Reason::Signature),
        (json!({ "alg": "none" }), Reason::Signature),
        (json!({ "alg": "NONE" }), Reason::Signature),
        (json!({ "alg": "HS256", "kid": "one" }), Reason::Signature),
        (json!({ "alg": "ES256K", "kid": "one" }), Reason::Signature),
        (json!({ "alg": ["ES256"], "kid": "one" }), Reason::Signature),
        (json!({ "alg": "RS256", "kid": "one" }), Reason::UnknownKey),
        (json!({ "alg": "ES256", "kid": "two" }), Reason::UnknownKey),
        (json!({ "alg": "ES256", "kid": "" }), Reason::UnknownKey),
        (json!({ "alg": "ES256", "kid": "one", "typ": "at+jwt" }), Reason::Malformed),
        (json!({ "alg": "ES256", "kid": "one", "typ": "id_token+jwt" }), Reason::Malformed),
        (json!({ "alg": "ES256", "kid": "one", "typ": "" }), Reason::Malformed),
        (json!({ "alg": "ES256", "kid": "one", "crit": ["b64"], "b64": false }), Reason::Malformed),
        (json!({ "alg": "ES256", "kid": "one", "crit": [] }), Reason::Malformed),
    ] {
        assert_eq!(take(&header, &good()), Err(reason), "{header}");
    }
}

#[test]
fn only_a_key_of_the_provider_signs() {
    let (header, claims) = (header(), good());
    let stranger = pair();
    assert_eq!(take_by(&sign(&stranger, &header, &claims), &published()), Err(Reason::Signature));
    let good = sign(&PAIR, &header, &claims);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    assert_eq!(take_by(&format!("{signed}."), &published()), Err(Reason::Signature));
    assert_eq!(take_by(&format!("{signed}.{}", &signature[2..]), &published()), Err(Reason::Signature));
    let other = sign(&PAIR, &header, &but(claims, &json!({ "sub": "another" })));
    let others = other.rsplit_once('.').unwrap().1;
    assert_eq!(take_by(&format!("{signed}.{others}"), &published()), Err(Reason::Signature));

    for (more, reason) in [
        (json!({ "kid": "one", "use": "enc" }), Reason::UnknownKey),
        (json!({ "kid": "one", "use": "sig", "alg": "ES384" }), Reason::UnknownKey),
        (json!({ "use": "sig" }), Reason::UnknownKey),
    ] {
        assert_eq!(take_by(&good, &keys(&[jwk(&PAIR, &more)])), Err(reason), "{more}");
    }
    let twice = keys(&[jwk(&stranger, &json!({ "kid": "one" })), jwk(&PAIR, &json!({ "kid": "one" }))]);
    assert_eq!(take_by(&good, &twice), Err(Reason::UnknownKey), "which of the two is nobody's guess");
    let two = keys(&[jwk(&stranger, &json!({ "kid": "two" })), jwk(&PAIR, &json!({ "kid": "one" }))]);
    assert!(take_by(&good, &two).is_ok());
    assert_eq!(take_by(&good, &keys(&[])), Err(Reason::UnknownKey));
}

#[test]
fn what_is_no_token_is_refused() {
    let good = sign(&PAIR, &header(), &good());
    for text in
        ["", ".", "..", "...", "x", "x.y", "x.y.z", &format!("{good}.x"), &format!("x.{good}"), &good[1..], "é.é.é"]
    {
        assert!(take_by(text, &published()).is_err(), "{text}");
    }
    for body in ["[]", "null", "7", "{", ""] {
        let signed = format!("{}.{}", encode(&header()), URL_SAFE_NO_PAD.encode(body));
        let signature = PAIR.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        let text = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        assert_eq!(take_by(&text, &published()), Err(Reason::Malformed), "{body}");
    }
}

proptest! {
    #[test]
    fn any_text_is_refused_and_nothing_panics(text in "\\PC{0,120}") {
        prop_assert!(take_by(&text, &published()).is_err());
    }

    /// No other claims under the signature of these.
    #[test]
    fn a_token_with_one_changed_byte_is_refused(place: prop::sample::Index, flip in 1_u8..=255) {
        let good = sign(&PAIR, &header(), &good());
        let place = place.index(good.rfind('.').unwrap());
        let mut bytes = good.into_bytes();
        bytes[place] ^= flip;
        if let Ok(text) = String::from_utf8(bytes) {
            prop_assert!(take_by(&text, &published()).is_err(), "{text}");
        }
    }
}
