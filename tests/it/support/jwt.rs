//! Tokens as a backend sees them: verified offline against the published keys.
//!
//! Owns: that verification, with a library and nothing of ours. Does not own: which claims there should be.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::Value;

use super::app::TestApp;

/// The header of a token, unverified.
pub fn header(token: &str) -> Value {
    part(token, 0)
}

/// The claims of a token, unverified.
pub fn claims(token: &str) -> Value {
    part(token, 1)
}

fn part(token: &str, index: usize) -> Value {
    let encoded = token.split('.').nth(index).unwrap_or_else(|| panic!("not a JWS: {token}"));
    let bytes = URL_SAFE_NO_PAD.decode(encoded).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// Audiences as a list, however they are written.
pub fn audiences(claims: &Value) -> Vec<String> {
    match &claims["aud"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().map(|one| one.as_str().expect("text").to_owned()).collect(),
        other => panic!("aud is {other}"),
    }
}

/// Verifies a token with the keys that the server publishes and that algorithm alone.
pub async fn verify(app: &TestApp, token: &str, algorithm: Algorithm) -> Value {
    let keys: JwkSet = serde_json::from_value(app.get("/jwks").await.expect(200).json()).expect("a JWK Set");
    let kid = header(token)["kid"].as_str().expect("a kid").to_owned();
    let key = keys.find(&kid).unwrap_or_else(|| panic!("{kid} is not published"));
    let mut validation = Validation::new(algorithm);
    validation.validate_aud = false;
    validation.set_issuer(&[app.issuer()]);
    validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
    decode::<Value>(token, &DecodingKey::from_jwk(key).expect("a key"), &validation).expect("a good token").claims
}
