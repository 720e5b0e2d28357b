//! The signing keys of this process: made once, opened once, parsed once.
//!
//! Owns: making the first key of each algorithm, unsealing, finding by `kid`. Does not own: sealing
//! (`seal`), the JSON form (`jwk`), signatures (`sign`, `verify`).

use std::collections::HashMap;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaKeyPair,
};
use jsonwebtoken::jwk::Jwk;
use zeroize::Zeroizing;

use crate::clock::{Clock, system_rng};
use crate::model::signing_key::{Algorithm, SealedSigningKey};
use crate::store::KeyStore;
use crate::tokens::TokenError;
use crate::tokens::jwk;
use crate::tokens::seal::KeyEncryptionKeys;
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

/// Every key, newest first.
#[derive(Debug)]
pub(super) struct Keyring {
    keys: Vec<SigningKey>,
    by_kid: HashMap<String, usize>,
    signing: HashMap<Algorithm, usize>,
}

impl Keyring {
    fn new(keys: Vec<SigningKey>) -> Self {
        let by_kid = keys.iter().enumerate().map(|(index, key)| (key.kid.clone(), index)).collect();
        let mut signing = HashMap::new();
        for (index, key) in keys.iter().enumerate() {
            signing.entry(key.algorithm).or_insert(index);
        }
        Self { keys, by_kid, signing }
    }

    /// All of them.
    pub(super) fn keys(&self) -> impl Iterator<Item = &SigningKey> {
        self.keys.iter()
    }

    /// The newest of an algorithm.
    pub(super) fn signing(&self, algorithm: Algorithm) -> Option<&SigningKey> {
        self.signing.get(&algorithm).and_then(|index| self.keys.get(*index))
    }

    /// By name.
    pub(super) fn find(&self, kid: &str) -> Option<&SigningKey> {
        self.by_kid.get(kid).and_then(|index| self.keys.get(*index))
    }
}

/// Opens every stored key and makes what is missing of these algorithms. All stored keys must open before anything is
/// written. What was made is read back, so that of two instances that start together both use the
/// key that the store kept.
pub(super) async fn open(
    keks: &KeyEncryptionKeys,
    algorithms: &[Algorithm],
    store: &dyn KeyStore,
    clock: &dyn Clock,
) -> Result<Keyring, TokenError> {
    let keyring = unseal_all(keks, &store.list().await?)?;
    let missing: Vec<Algorithm> =
        algorithms.iter().copied().filter(|algorithm| keyring.signing(*algorithm).is_none()).collect();
    if missing.is_empty() {
        return Ok(keyring);
    }
    for algorithm in missing {
        // Finding the primes of an RSA key takes tens of milliseconds and more.
        let (kid, pkcs8) = tokio::task::spawn_blocking(move || generate(algorithm))
            .await
            .map_err(|_| TokenError::Cryptography("making a signing key was interrupted"))??;
        let (kek_id, sealed) = keks.seal(&kid, algorithm, &pkcs8, &mut system_rng())?;
        store.insert_first(&SealedSigningKey { kid, algorithm, kek_id, sealed, created_at: clock.now() }).await?;
    }
    unseal_all(keks, &store.list().await?)
}

fn unseal_all(keks: &KeyEncryptionKeys, stored: &[SealedSigningKey]) -> Result<Keyring, TokenError> {
    stored.iter().map(|key| unseal(keks, key)).collect::<Result<Vec<_>, _>>().map(Keyring::new)
}

fn unseal(keks: &KeyEncryptionKeys, stored: &SealedSigningKey) -> Result<SigningKey, TokenError> {
    let damaged = |fault| TokenError::Damaged { kid: stored.kid.clone(), fault };
    let pkcs8 = keks.open(&stored.kid, stored.algorithm, &stored.kek_id, &stored.sealed)?;
    let key = parse(stored.algorithm, &pkcs8).ok_or_else(|| damaged("it is no private key of its algorithm"))?;
    if key.kid != stored.kid {
        return Err(damaged("its kid is not the thumbprint of its public key"));
    }
    Ok(key)
}

/// Parses a PKCS#8 document for good.
fn parse(algorithm: Algorithm, pkcs8: &[u8]) -> Option<SigningKey> {
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

/// Makes a key pair: its `kid` and its PKCS#8 document.
fn generate(algorithm: Algorithm) -> Result<(String, Zeroizing<Vec<u8>>), TokenError> {
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
