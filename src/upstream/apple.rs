//! Sign in with Apple: the client secret is a JWT that we sign.
//!
//! Owns: that JWT, made anew for each exchange so that none is ever kept, and the name that comes once beside the
//! code. Does not own: the exchange.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::protocol::time::Timestamp;
use crate::upstream::error::{Reason, UpstreamError};

/// Apple takes up to six months; one exchange needs seconds.
const LIFE_SECONDS: i64 = 300;
/// The `aud` that Apple wants.
const AUDIENCE: &str = "https://appleid.apple.com";

/// The client secret: ES256 by the key of the developer account.
pub(super) fn client_secret(
    (team_id, key_id, key): (&str, &str, &SecretString),
    client_id: &str,
    now: Timestamp,
) -> Result<SecretString, UpstreamError> {
    let wrong = |why: &str| UpstreamError::new(Reason::Configuration, format!("Apple's key {key_id}: {why}"));
    let der = private_key(key.expose_secret()).ok_or_else(|| wrong("no PEM of a private key"))?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der)
        .map_err(|_| wrong("no private key on P-256"))?;
    let header = json!({ "alg": "ES256", "kid": key_id, "typ": "JWT" });
    let issued = now.seconds();
    let claims = json!({
        "iss": team_id, "sub": client_id, "aud": AUDIENCE, "iat": issued, "exp": issued.saturating_add(LIFE_SECONDS),
    });
    let signed = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).map_err(|_| wrong("it does not sign"))?;
    Ok(SecretString::from(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

/// The PKCS#8 bytes of a `.p8` file.
fn private_key(pem: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
    STANDARD.decode(body.as_bytes()).ok().map(Zeroizing::new)
}

/// The name in the `user` parameter, which comes with the first sign-in alone and is signed by nobody: shown, never
/// decided by.
pub(super) fn name(user: &str) -> Option<String> {
    let user: Value = serde_json::from_str(user).ok()?;
    let part = |name: &str| user.get("name").and_then(|names| names.get(name)).and_then(Value::as_str);
    let parts: Vec<&str> = [part("firstName"), part("lastName")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, UnparsedPublicKey};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_767_225_600);

    #[test]
    fn the_secret_is_a_short_token_by_the_key() {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let text = STANDARD.encode(made.as_ref());
        let (first, second) = text.split_at(64);
        let pem = format!("-----BEGIN PRIVATE KEY-----\r\n{first}\r\n{second}\r\n-----END PRIVATE KEY-----\r\n");
        let secret = client_secret(("TEAM", "KEY", &SecretString::from(pem)), "com.example", NOW).unwrap();
        let (signed, signature) = secret.expose_secret().rsplit_once('.').unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref()).unwrap();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref().to_vec());
        public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let [header, claims] = [0, 1].map(|part| {
            let text = URL_SAFE_NO_PAD.decode(signed.split('.').nth(part).unwrap()).unwrap();
            serde_json::from_slice::<Value>(&text).unwrap()
        });
        assert_eq!(header, json!({ "alg": "ES256", "kid": "KEY", "typ": "JWT" }));
        let expected = json!({
            "iss": "TEAM", "sub": "com.example", "aud": AUDIENCE, "iat": 1_767_225_600, "exp": 1_767_225_900,
        });
        assert_eq!(claims, expected);
    }

    #[test]
    fn a_file_that_holds_no_key_is_our_own_fault() {
        for pem in
            ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\n!"]
        {
            let error = client_secret(("T", "K", &SecretString::from(pem)), "c", NOW).unwrap_err();
            assert_eq!(error.reason(), Reason::Configuration, "{pem}");
        }
    }

    #[test]
    fn the_name_comes_in_two_parts_or_not_at_all() {
        let of = |text: &str| name(text);
        assert_eq!(of(r#"{"name":{"firstName":"Ada","lastName":"L"},"email":"x@y.z"}"#).as_deref(), Some("Ada L"));
        assert_eq!(of(r#"{"name":{"lastName":"L"}}"#).as_deref(), Some("L"));
        for text in ["", "{}", "[]", r#"{"name":"Ada"}"#, r#"{"name":{"firstName":7}}"#] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
