//! Tokens that somebody tampered with, and tokens for something else (threats G01, G03, G04, G05, G06, G11, L11).

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use vestibule_guard::{Algorithm, Fault, Guard, KeySet, Refusal};

use crate::forge::{AUDIENCE, Forge, ISSUER, NOW, claims, encode, with};

static ES256: LazyLock<Forge> = LazyLock::new(|| Forge::new("ES256", "ec"));
static RS256: LazyLock<Forge> = LazyLock::new(|| Forge::new("RS256", "rsa"));
static EDDSA: LazyLock<Forge> = LazyLock::new(|| Forge::new("EdDSA", "ed"));
static STRANGER: LazyLock<Forge> = LazyLock::new(|| Forge::new("ES256", "ec"));

fn keys() -> KeySet {
    let keys = json!({ "keys": [ES256.jwk(), RS256.jwk(), EDDSA.jwk()] });
    KeySet::parse(keys.to_string().as_bytes()).expect("a set")
}

fn guard() -> Guard {
    Guard::builder(ISSUER).audience(AUDIENCE).keys(keys()).clock(|| NOW).build().expect("a guard")
}

/// With an HMAC over what a public key looks like to somebody who confuses the two.
fn hs256(header: &Value, secret: &[u8]) -> String {
    let message = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims().to_string().as_bytes()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", encode(tag.as_ref()))
}

fn pem(forge: &Forge) -> String {
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(forge.public()))
}

fn header_with(name: &str, value: Value) -> String {
    let mut header = ES256.header();
    header[name] = value;
    header.to_string()
}

/// The good token with its header or its payload replaced, under the signature it had.
fn swapped(header: Option<&str>, payload: Option<&str>) -> String {
    let good = ES256.token(&claims());
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    parts[0] = header.map_or(parts[0].clone(), |header| encode(header.as_bytes()));
    parts[1] = payload.map_or(parts[1].clone(), |payload| encode(payload.as_bytes()));
    parts.join(".")
}

#[tokio::test]
async fn a_good_token_of_each_key_is_accepted_and_read() {
    let guard = guard();
    for key in [&*ES256, &RS256, &EDDSA] {
        let token = guard.verify(&key.token(&claims())).await.expect(key.alg);
        assert_eq!((token.issuer(), token.subject(), token.client_id(), token.id()), (ISSUER, "ada", "web", "1"));
        assert_eq!((token.audience(), token.scope()), (&[AUDIENCE.to_owned()][..], "read:users write:posts"));
        assert_eq!((token.issued_at(), token.expires_at()), (NOW, NOW + 600));
        assert_eq!(token.claims::<Value>().expect("claims"), claims());
        assert!(token.has_scope("read:users") && token.has_scope("write:posts read:users") && token.has_scope(""));
        assert!(!token.has_scope("read:user") && !token.has_scope("read:users admin"));
    }
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
        let token = ES256.sign(&header_with("typ", json!(typ)), &claims().to_string());
        assert!(guard.verify(&token).await.is_ok(), "{typ}");
    }
    let fully_specified = json!({ "alg": "Ed25519", "typ": "at+jwt", "kid": "ed" });
    assert!(guard.verify(&EDDSA.sign(&fully_specified.to_string(), &claims().to_string())).await.is_ok());
}

/// What the header claims.
fn headers() -> Vec<(&'static str, String, Fault)> {
    let payload = claims().to_string();
    let none = |alg: &str| json!({ "alg": alg, "typ": "at+jwt", "kid": "ec" }).to_string();
    let sign = |name: &str, value: Value| ES256.sign(&header_with(name, value), &payload);
    let hs = json!({ "alg": "HS256", "typ": "at+jwt", "kid": "rsa" });
    let evil = Forge::new("ES256", "evil");
    let mut embedded = evil.header();
    embedded["jwk"] = evil.jwk();
    vec![
        ("none, without a signature", format!("{}.{}.", encode(none("none").as_bytes()), encode(payload.as_bytes())), Fault::NotAJwt),
        ("none, with one", swapped(Some(&none("none")), None), Fault::Algorithm),
        ("None", swapped(Some(&none("nOnE")), None), Fault::Algorithm),
        ("HS256 by the PEM", hs256(&hs, pem(&RS256).as_bytes()), Fault::Algorithm),
        ("HS256 by the bytes", hs256(&hs, &RS256.public()), Fault::Algorithm),
        ("HS256 by the empty secret", hs256(&hs, b""), Fault::Algorithm),
        ("another alg for the key", swapped(Some(&none("RS256")), None), Fault::OtherAlgorithm),
        ("an alg that nobody knows", sign("alg", json!("ES256K")), Fault::Algorithm),
        ("an alg that is no text", sign("alg", json!(["ES256"])), Fault::Algorithm),
        ("no alg", ES256.sign(r#"{"typ":"at+jwt","kid":"ec"}"#, &payload), Fault::Algorithm),
        ("an ID token", sign("typ", json!("JWT")), Fault::Type),
        ("a logout token", sign("typ", json!("logout+jwt")), Fault::Type),
        ("no typ", ES256.sign(r#"{"alg":"ES256","kid":"ec"}"#, &payload), Fault::Type),
        ("a kid that is unknown", sign("kid", json!("ec2")), Fault::UnknownKey),
        ("the kid of another key", sign("kid", json!("rsa")), Fault::OtherAlgorithm),
        ("a kid that is a path", sign("kid", json!("../../../../dev/null")), Fault::UnknownKey),
        ("a kid that is SQL", sign("kid", json!("ec' OR '1'='1")), Fault::UnknownKey),
        ("a kid that is no text", sign("kid", json!(["ec"])), Fault::UnknownKey),
        ("no kid", ES256.sign(r#"{"alg":"ES256","typ":"at+jwt"}"#, &payload), Fault::UnknownKey),
        ("a key of its own", evil.sign(&embedded.to_string(), &payload), Fault::UnknownKey),
        ("a key from elsewhere", evil.sign(r#"{"alg":"ES256","typ":"at+jwt","kid":"evil","jku":"http://127.0.0.1:9/","x5u":"http://127.0.0.1:9/"}"#, &payload), Fault::UnknownKey),
        ("crit", sign("crit", json!(["exp"])), Fault::Extension),
        ("b64", sign("b64", json!(false)), Fault::Extension),
        ("zip", sign("zip", json!("DEF")), Fault::Extension),
        ("alg twice", ES256.sign(r#"{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"ec"}"#, &payload), Fault::Header),
        ("a header that is no object", ES256.sign("[]", &payload), Fault::Header),
    ]
}

/// Form and signature.
fn signatures() -> Vec<(&'static str, String, Fault)> {
    let good = ES256.token(&claims());
    let (message, _) = good.rsplit_once('.').expect("a signature");
    let payload = with("sub", json!("root")).to_string();
    vec![
        ("another payload", swapped(None, Some(&payload)), Fault::Signature),
        ("another key with the same name", STRANGER.token(&claims()), Fault::Signature),
        ("r = s = 0", format!("{message}.{}", encode(&[0; 64])), Fault::Signature),
        ("a short signature", format!("{message}.AA"), Fault::Signature),
        ("no signature", format!("{message}."), Fault::NotAJwt),
        ("two parts", message.to_owned(), Fault::NotAJwt),
        ("five parts", format!("{message}.AA.AA.AA"), Fault::NotAJwt),
        ("padding", format!("{good}="), Fault::NotAJwt),
        ("a space", format!("{good} "), Fault::NotAJwt),
        ("nothing", String::new(), Fault::NotAJwt),
        ("dots", ".".repeat(1024 * 1024), Fault::NotAJwt),
        ("huge", ES256.token(&with("more", json!("x".repeat(20_000)))), Fault::NotAJwt),
        ("deep", ES256.sign(&ES256.header().to_string(), &"[".repeat(10_000)), Fault::Claims),
    ]
}

/// What is signed well and still not for us.
fn payloads() -> Vec<(&'static str, String, Fault)> {
    let mut out = Vec::new();
    let mut case = |why, name: &str, value: Value, fault| out.push((why, ES256.token(&with(name, value)), fault));
    case("expired", "exp", json!(NOW - 31), Fault::Expired);
    case("never expires", "exp", Value::Null, Fault::MissingClaim);
    case("an exp that is text", "exp", json!((NOW + 600).to_string()), Fault::Claims);
    case("not yet", "nbf", json!(NOW + 31), Fault::NotYetValid);
    case("from the future", "iat", json!(NOW + 31), Fault::NotYetValid);
    case("another audience", "aud", json!("https://other.example.test"), Fault::Audience);
    case("a longer audience", "aud", json!(format!("{AUDIENCE}/")), Fault::Audience);
    case("other audiences", "aud", json!(["a", "b"]), Fault::Audience);
    case("an audience in a list in a list", "aud", json!([[AUDIENCE]]), Fault::Claims);
    case("no audience", "aud", Value::Null, Fault::MissingClaim);
    case("an empty list of audiences", "aud", json!([]), Fault::Claims);
    case("another issuer", "iss", json!("https://evil.example.test"), Fault::Issuer);
    case("an issuer with a slash", "iss", json!(format!("{ISSUER}/")), Fault::Issuer);
    case("no issuer", "iss", Value::Null, Fault::MissingClaim);
    case("nobody", "sub", Value::Null, Fault::MissingClaim);
    case("an empty subject", "sub", json!(""), Fault::Claims);
    case("no client", "client_id", Value::Null, Fault::MissingClaim);
    case("no jti", "jti", Value::Null, Fault::MissingClaim);
    case("no iat", "iat", Value::Null, Fault::MissingClaim);
    case("scopes as a list", "scope", json!(["read:users"]), Fault::Claims);
    case("scopes with a line between", "scope", json!("read:users\nadmin"), Fault::Claims);
    case("bound by DPoP", "cnf", json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }), Fault::Bound);
    case(
        "bound to a certificate",
        "cnf",
        json!({ "x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0" }),
        Fault::Bound,
    );
    let twice = claims().to_string().replace("\"sub\":\"ada\"", "\"sub\":\"ada\",\"sub\":\"root\"");
    out.push(("sub twice", ES256.sign(&ES256.header().to_string(), &twice), Fault::Claims));
    out.push(("no object", ES256.sign(&ES256.header().to_string(), "[]"), Fault::Claims));
    out
}

#[tokio::test]
async fn every_game_is_lost_each_for_its_own_reason_and_again_when_it_is_tried_again() {
    let guard = guard();
    assert!(guard.verify(&ES256.token(&claims())).await.is_ok());
    for (why, token, fault) in headers().into_iter().chain(signatures()).chain(payloads()) {
        for _ in 0..2 {
            let refusal = guard.verify(&token).await.expect_err(why);
            assert_eq!(refusal, Refusal::InvalidToken(fault), "{why}");
            assert_eq!((refusal.status(), refusal.code()), (401, Some("invalid_token")), "{why}");
        }
    }
}

#[tokio::test]
async fn clocks_may_differ_a_little() {
    let guard = guard();
    for (name, value) in [("exp", NOW - 29), ("nbf", NOW + 30), ("iat", NOW + 30)] {
        assert!(guard.verify(&ES256.token(&with(name, json!(value)))).await.is_ok(), "{name}");
    }
    let strict = Guard::builder(ISSUER).audience(AUDIENCE).keys(keys()).leeway(std::time::Duration::ZERO);
    let strict = strict.clock(|| NOW).build().expect("a guard");
    assert!(strict.verify(&ES256.token(&with("exp", json!(NOW + 1)))).await.is_ok());
    for (name, value) in [("exp", NOW), ("nbf", NOW + 1), ("iat", NOW + 1)] {
        assert!(strict.verify(&ES256.token(&with(name, json!(value)))).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn an_algorithm_that_is_not_on_the_list_is_refused_even_under_a_good_key() {
    let guard = Guard::builder(ISSUER).audience(AUDIENCE).keys(keys()).clock(|| NOW).algorithms([Algorithm::ES256]);
    let guard = guard.build().expect("a guard");
    assert!(guard.verify(&ES256.token(&claims())).await.is_ok());
    assert_eq!(guard.verify(&RS256.token(&claims())).await.err(), Some(Fault::Algorithm.into()));
}

#[tokio::test]
async fn an_audience_among_others_will_do_and_a_claim_may_be_asked_for() {
    let guard = Guard::builder(ISSUER).audience(AUDIENCE).audience("urn:old").require_claim("tenant").keys(keys());
    let guard = guard.clock(|| NOW).build().expect("a guard");
    for aud in [json!(AUDIENCE), json!("urn:old"), json!([ISSUER, AUDIENCE])] {
        let mut claims = with("aud", aud);
        assert_eq!(guard.verify(&ES256.token(&claims)).await.err(), Some(Fault::MissingClaim.into()));
        claims["tenant"] = json!("north");
        let token = guard.verify(&ES256.token(&claims)).await.expect("a good token");
        assert_eq!(token.claim("tenant"), Some(&json!("north")));
    }
}
