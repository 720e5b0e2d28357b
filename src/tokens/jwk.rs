//! RFC 7517 and RFC 7638: public keys as JSON and their names.
//!
//! Owns: the JWK of a key, its thumbprint, the set. Does not own: private halves (`key_pair`).

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};

use crate::model::signing_key::Algorithm;
use crate::tokens::TokenError;
use crate::tokens::key_pair::SigningKey;
use crate::tokens::sign::jose;

/// The JWK of a public key, with `use`, `alg` and `kid`; `kid` is its SHA-256 thumbprint (RFC 7638).
/// `public` is a PKCS#1 `RSAPublicKey`, an uncompressed point, or the 32 bytes of RFC 8032.
pub(super) fn of(algorithm: Algorithm, public: &[u8]) -> Result<(String, Jwk), TokenError> {
    let key = match algorithm {
        Algorithm::RS256 | Algorithm::PS256 => DecodingKey::from_rsa_der(public),
        Algorithm::ES256 => DecodingKey::from_ec_der(public),
        Algorithm::EdDSA => DecodingKey::from_ed_der(public),
    };
    let refused = |_| TokenError::Cryptography("a public key could not be written as a JWK");
    let mut jwk = Jwk::from_decoding_key(&key, Some(jose(algorithm))).map_err(refused)?;
    let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(refused)?;
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    jwk.common.key_id = Some(kid.clone());
    Ok((kid, jwk))
}

/// The set as JSON text.
pub(super) fn set<'a>(keys: impl Iterator<Item = &'a SigningKey>) -> Result<String, TokenError> {
    let set = JwkSet { keys: keys.map(|key| key.jwk.clone()).collect() };
    serde_json::to_string(&set).map_err(|_| TokenError::Cryptography("the JWK Set could not be written"))
}
