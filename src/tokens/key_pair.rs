//! Signing keys in the clear: made, and parsed for good.
//!
//! Owns: what signs and what verifies of one key. Does not own: sealing (`seal`), which keys there are
//! (`keyring`), the JSON form (`jwk`), signatures (`sign`, `verify`).

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaKeyPair,
};
use jsonwebtoken::jwk::Jwk;
use zeroize::Zeroizing;

use crate::model::signing_key::Algorithm;
use crate::tokens::TokenError;
use crate::tokens::jwk;
use crate::tokens::sign::{EdDsaSigner, Es256Signer, RsaSigner, Signer};
use crate::tokens::verify::Verifier;

/// One key, parsed: what signs, what verifies, what is published.
pub(super) struct SigningKey {
    pub(super) kid: String,
    pub(super) algorithm: Algorithm,
    pub(super) signer: Arc<Signer>,
    pub(super) verifier: Verifier,
    pub(super) jwk: Jwk,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// Parses a PKCS#8 document for good.
pub(super) fn parse(algorithm: Algorithm, pkcs8: &[u8]) -> Option<SigningKey> {
    let (public, signer, verifier): (Vec<u8>, Arc<Signer>, _) = match algorithm {
        Algorithm::RS256 | Algorithm::PS256 => {
            let pair = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
            let public = pair.public_key().as_ref().to_vec();
            let verifier = if algorithm == Algorithm::PS256 {
                ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &public)
            } else {
                ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public)
            };
            (public, Arc::new(RsaSigner { pair, algorithm }), verifier.ok()?)
        }
        Algorithm::EdDSA => {
            let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
            let public = pair.public_key().as_ref().to_vec();
            let verifier = ParsedPublicKey::new(&ED25519, &public).ok()?;
            (public, Arc::new(EdDsaSigner(pair)), verifier)
        }
        Algorithm::ES256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
            let public = pair.public_key().as_ref().to_vec();
            let verifier = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &public).ok()?;
            (public, Arc::new(Es256Signer(pair)), verifier)
        }
    };
    let (kid, jwk) = jwk::of(algorithm, &public).ok()?;
    Some(SigningKey { kid, algorithm, signer, verifier: Verifier::new(algorithm, verifier), jwk })
}

/// Makes a key pair: its `kid` and its PKCS#8 document. Finding the primes of an RSA key takes tens of
/// milliseconds and more.
pub(super) fn generate(algorithm: Algorithm) -> Result<(String, Zeroizing<Vec<u8>>), TokenError> {
    let failed = |_| TokenError::Cryptography("a signing key could not be made");
    let (public, pkcs8) = match algorithm {
        Algorithm::EdDSA => {
            let pair = Ed25519KeyPair::generate().map_err(failed)?;
            let pkcs8 = pair.to_pkcs8().map_err(failed)?;
            (pair.public_key().as_ref().to_vec(), Zeroizing::new(pkcs8.as_ref().to_vec()))
        }
        Algorithm::RS256 | Algorithm::PS256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
            let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
            (pair.public_key().as_ref().to_vec(), Zeroizing::new(pkcs8.as_ref().to_vec()))
        }
        Algorithm::ES256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
            let pkcs8 = pair.to_pkcs8v1().map_err(failed)?;
            (pair.public_key().as_ref().to_vec(), Zeroizing::new(pkcs8.as_ref().to_vec()))
        }
    };
    Ok((jwk::of(algorithm, &public)?.0, pkcs8))
}
