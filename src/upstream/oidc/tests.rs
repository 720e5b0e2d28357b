//! Keys and signatures for tests of tokens.
//!
//! Owns: making them. Does not own: what a token says (the tests of each kind).

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::CoreJsonWebKeySet;
use serde_json::{Value, json};

/// The provider's.
pub(super) static PAIR: LazyLock<EcdsaKeyPair> = LazyLock::new(pair);

/// Another one.
pub(super) fn pair() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

pub(super) fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

pub(super) fn sign(pair: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The public half, with more members.
pub(super) fn jwk(pair: &EcdsaKeyPair, more: &Value) -> Value {
    let point = pair.public_key().as_ref();
    let [x, y] = [&point[1..33], &point[33..]].map(|half| URL_SAFE_NO_PAD.encode(half));
    let mut key = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y });
    key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    key
}

pub(super) fn keys(list: &[Value]) -> CoreJsonWebKeySet {
    serde_json::from_value(json!({ "keys": list })).unwrap()
}
