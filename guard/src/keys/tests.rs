//! Which JWKs are keys that signatures are checked with.

use serde_json::json;

use super::*;
use crate::forge::Forge;

fn parse(jwk: &Value) -> Result<PublicKey, NotAKey> {
    PublicKey::from_jwk(jwk.as_object().expect("an object"))
}

#[test]
fn every_kind_of_key_verifies_what_it_signed_and_nothing_else() {
    for alg in ["ES256", "ES384", "EdDSA", "RS256", "PS256"] {
        let (forge, other) = (Forge::new(alg, "a"), Forge::new(alg, "a"));
        let key = parse(&forge.jwk()).expect(alg);
        assert_eq!((key.kid(), Some(key.algorithm())), ("a", Algorithm::parse(alg)), "{alg}");
        let token = forge.sign("{}", "{}");
        let (message, signature) = token.rsplit_once('.').expect("a signature");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        assert!(key.verifies(message.as_bytes(), &signature), "{alg}");
        assert!(!key.verifies(b"another", &signature), "{alg}");
        assert!(!parse(&other.jwk()).expect(alg).verifies(message.as_bytes(), &signature), "{alg}");
        for bad in [&[][..], &[0], &vec![0; signature.len()], &signature[1..]] {
            assert!(!key.verifies(message.as_bytes(), bad), "{alg}");
        }
    }
}

#[test]
fn a_key_without_alg_has_the_one_of_its_kind() {
    for alg in ["ES256", "ES384", "EdDSA", "RS256"] {
        let mut jwk = Forge::new(alg, "a").jwk();
        jwk.as_object_mut().expect("an object").remove("alg");
        assert_eq!(Some(parse(&jwk).expect(alg).algorithm()), Algorithm::parse(alg));
    }
}

#[test]
fn what_is_no_public_key_for_signatures_is_left_out() {
    let good = Forge::new("ES256", "a").jwk();
    let rsa = Forge::new("RS256", "a").jwk();
    let changed = |jwk: &Value, name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        jwk
    };
    for (why, jwk) in [
        ("no kid", changed(&good, "kid", json!(null))),
        ("an empty kid", changed(&good, "kid", json!(""))),
        ("for encryption", changed(&good, "use", json!("enc"))),
        ("for other operations", changed(&good, "key_ops", json!(["sign"]))),
        ("another alg", changed(&good, "alg", json!("RS256"))),
        ("a secret's alg", changed(&good, "alg", json!("HS256"))),
        ("an alg that is no text", changed(&good, "alg", json!(1))),
        ("another curve", changed(&good, "crv", json!("P-384"))),
        ("an unknown curve", changed(&good, "crv", json!("secp256k1"))),
        ("another kind", changed(&good, "kty", json!("RSA"))),
        ("a point off the curve", changed(&good, "y", good["x"].clone())),
        ("a short coordinate", changed(&good, "x", json!("AQ"))),
        ("padding", changed(&good, "x", json!(format!("{}=", good["x"].as_str().expect("text"))))),
        ("a short modulus", changed(&rsa, "n", json!(URL_SAFE_NO_PAD.encode([255; 128])))),
        ("an endless modulus", changed(&rsa, "n", json!(URL_SAFE_NO_PAD.encode([255; 2048])))),
        ("no exponent", changed(&rsa, "e", json!(""))),
        ("a secret", json!({ "kty": "oct", "kid": "a", "k": "c2VjcmV0", "alg": "HS256" })),
        ("nothing", json!({})),
    ] {
        assert!(parse(&jwk).is_err(), "{why}");
    }
    assert!(parse(&changed(&good, "key_ops", json!(["verify"]))).is_ok());
}

#[test]
fn a_set_keeps_what_it_understands() {
    let (one, two) = (Forge::new("ES256", "one"), Forge::new("EdDSA", "two"));
    let set = json!({ "keys": [{ "kty": "future" }, one.jwk(), "x", two.jwk()], "more": 1 });
    let set = KeySet::parse(set.to_string().as_bytes()).expect("a set");
    assert!(set.get("one").is_some() && set.get("two").is_some() && set.get("three").is_none());
    for bad in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        assert!(KeySet::parse(bad.as_bytes()).is_none(), "{bad}");
    }
    let many = json!({ "keys": vec![json!({}); MOST_KEYS + 1] });
    assert!(KeySet::parse(many.to_string().as_bytes()).is_none());
}

#[test]
fn two_keys_are_the_same_by_name_algorithm_and_numbers() {
    let (forge, mut other) = (Forge::new("ES256", "a"), Forge::new("ES256", "a"));
    let key = parse(&forge.jwk()).expect("a key");
    assert_eq!(key, parse(&forge.jwk()).expect("a key"));
    assert_ne!(key, parse(&other.jwk()).expect("a key"));
    other.kid = "b".to_owned();
    assert_ne!(parse(&forge.jwk()).expect("a key"), parse(&other.jwk()).expect("a key"));
}
