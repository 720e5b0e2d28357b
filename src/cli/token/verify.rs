//! Checking a token's signature against an issuer's published keys, as any backend would.
//!
//! Owns: RS256, PS256, ES256 and EdDSA over a JWK Set. Does not own: our own keyring (`tokens`); this is
//! the view from outside, for tokens of any issuer.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::claims::Decoded;

/// Verifies against the key that the header names.
///
/// # Errors
/// Why not, in words.
pub(super) fn verify(token: &Decoded<'_>, jwks: &Value) -> Result<(), String> {
    let kid = token.header_text("kid").ok_or("the header names no key (kid)")?;
    let alg = token.header_text("alg").ok_or("the header names no algorithm (alg)")?;
    let keys = jwks.get("keys").and_then(Value::as_array).ok_or("the issuer's key set has no keys")?;
    let key = keys
        .iter()
        .find(|key| key.get("kid").and_then(Value::as_str) == Some(kid))
        .ok_or("the issuer does not publish that key (kid)")?;
    if key.get("alg").and_then(Value::as_str).is_some_and(|of_key| of_key != alg) {
        return Err("the key is for another algorithm than the header says".to_owned());
    }
    let matches =
        check(alg, key, token.signed.as_bytes(), &token.signature).ok_or("the key cannot be used for that alg")?;
    if matches { Ok(()) } else { Err("the signature is not that key's: the token is forged or damaged".to_owned()) }
}

/// `None` when the algorithm is not supported or is not of the key's type.
fn check(alg: &str, key: &Value, message: &[u8], signature: &[u8]) -> Option<bool> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    let valid = match (alg, text("kty")?, text("crv")) {
        ("RS256" | "PS256", "RSA", _) => {
            let parameters = if alg == "RS256" { &RSA_PKCS1_2048_8192_SHA256 } else { &RSA_PSS_2048_8192_SHA256 };
            RsaPublicKeyComponents { n: bytes("n")?, e: bytes("e")? }.verify(parameters, message, signature).is_ok()
        }
        ("ES256", "EC", Some("P-256")) => {
            let point = [vec![4], bytes("x")?, bytes("y")?].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
        }
        ("EdDSA", "OKP", Some("Ed25519")) => {
            UnparsedPublicKey::new(&ED25519, bytes("x")?).verify(message, signature).is_ok()
        }
        _ => return None,
    };
    Some(valid)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;

    fn signed(header: &Value) -> (String, Value) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode("{}"));
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()).as_ref()));
        (token, json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "one", "x": x }] }))
    }

    #[test]
    fn a_signature_is_held_against_the_named_key() {
        let (token, jwks) = signed(&json!({ "alg": "EdDSA", "kid": "one" }));
        assert_eq!(verify(&Decoded::read(&token).unwrap(), &jwks), Ok(()));
        let forged = token.replacen(".e30.", ".eyJhIjoxfQ.", 1);
        assert!(verify(&Decoded::read(&forged).unwrap(), &jwks).unwrap_err().contains("forged"));
    }

    #[test]
    fn the_header_cannot_choose_no_algorithm_or_another_key_type() {
        for (alg, kid) in [("none", "one"), ("HS256", "one"), ("ES256", "one"), ("RS256", "one"), ("EdDSA", "two")] {
            let (token, jwks) = signed(&json!({ "alg": alg, "kid": kid }));
            assert!(verify(&Decoded::read(&token).unwrap(), &jwks).is_err(), "{alg} {kid}");
        }
    }
}
