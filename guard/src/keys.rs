//! RFC 7517: public keys that signatures are checked with, and where they come from.
//!
//! Owns: the algorithms, the parsing of a key and of a set, the port [`KeySource`]. Does not own: fetching a set
//! (`remote`).
//!
//! A key has exactly one algorithm, and only asymmetric ones exist here (RFC 8725 3.1): the public key of a signature
//! cannot become the secret of an HMAC.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::Unavailable;
use crate::json;

/// More keys than this are no set of an issuer.
const MOST_KEYS: usize = 100;

/// How a token is signed (RFC 7518 3.1, RFC 8037, RFC 9864).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256.
    ES256,
    /// ECDSA with P-384 and SHA-384.
    ES384,
    /// Ed25519, which headers name `EdDSA` or `Ed25519`.
    EdDSA,
    /// RSA PKCS#1 v1.5 with SHA-256.
    RS256,
    /// RSA PSS with SHA-256.
    PS256,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::ES256, Self::ES384, Self::EdDSA, Self::RS256, Self::PS256];

    /// The algorithm of a header's or a key's `alg`; `none`, HMAC and everything else are nothing.
    #[must_use]
    pub fn parse(alg: &str) -> Option<Self> {
        match alg {
            "ES256" => Some(Self::ES256),
            "ES384" => Some(Self::ES384),
            "EdDSA" | "Ed25519" => Some(Self::EdDSA),
            "RS256" => Some(Self::RS256),
            "PS256" => Some(Self::PS256),
            _ => None,
        }
    }
}

/// Where public keys come from.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// The key that the issuer calls `kid`, which is unverified text; `None` when the issuer has none.
    ///
    /// It is asked at every use of a token, also of one that was verified before: a key that is gone ends its tokens.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be known now.
    async fn find(&self, kid: &str) -> Result<Option<Arc<PublicKey>>, Unavailable>;
}

/// Why a JWK is no key for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public key that signatures are checked with: {0}")]
pub struct NotAKey(&'static str);

/// One public key, parsed for good.
pub struct PublicKey {
    kid: String,
    algorithm: Algorithm,
    parsed: ParsedPublicKey,
}

impl PublicKey {
    /// Parses a JWK (RFC 7517 4, RFC 7518 6, RFC 8037 2). It needs a `kid`. Without `alg` an RSA key is for RS256;
    /// the others have one algorithm only.
    ///
    /// # Errors
    /// [`NotAKey`] for secrets, encryption keys, unknown kinds, short RSA keys and points off their curve.
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, NotAKey> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let kid = text("kid").filter(|kid| !kid.is_empty()).ok_or(NotAKey("it has no kid"))?;
        if jwk.get("use").is_some_and(|found| found != "sig") {
            return Err(NotAKey("its use is another"));
        }
        let verifies = |operations: &Value| {
            operations.as_array().is_some_and(|list| list.iter().any(|operation| operation == "verify"))
        };
        if jwk.get("key_ops").is_some_and(|operations| !verifies(operations)) {
            return Err(NotAKey("its key_ops are others"));
        }
        let bytes = |name: &str| {
            text(name)
                .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
                .ok_or(NotAKey("a number of it is missing or malformed"))
        };
        let (own, parsed) = match (text("kty").unwrap_or_default(), text("crv").unwrap_or_default()) {
            ("EC", "P-256") => {
                let point = point(&bytes("x")?, &bytes("y")?, 32)?;
                (Algorithm::ES256, ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point))
            }
            ("EC", "P-384") => {
                let point = point(&bytes("x")?, &bytes("y")?, 48)?;
                (Algorithm::ES384, ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point))
            }
            ("OKP", "Ed25519") => (Algorithm::EdDSA, ParsedPublicKey::new(&ED25519, bytes("x")?)),
            ("RSA", _) => {
                let components = RsaPublicKeyComponents { n: bytes("n")?, e: bytes("e")? };
                if !(256..=1024).contains(&components.n.len()) {
                    return Err(NotAKey("an RSA key has 2048 to 8192 bits"));
                }
                if text("alg") == Some("PS256") {
                    (Algorithm::PS256, components.to_parsed_public_key(&RSA_PSS_2048_8192_SHA256))
                } else {
                    (Algorithm::RS256, components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256))
                }
            }
            _ => return Err(NotAKey("its kind is not supported")),
        };
        if jwk.get("alg").is_some_and(|alg| alg.as_str().and_then(Algorithm::parse) != Some(own)) {
            return Err(NotAKey("its alg is not one of its kind"));
        }
        let parsed = parsed.map_err(|_| NotAKey("its numbers are no key"))?;
        Ok(Self { kid: kid.to_owned(), algorithm: own, parsed })
    }

    /// What the issuer calls it.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm it is for.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether `signature` is of this key over `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }
}

/// RFC 7518 6.2.1: coordinates have the full length of the curve. The uncompressed point of SEC 1.
fn point(x: &[u8], y: &[u8], length: usize) -> Result<Vec<u8>, NotAKey> {
    if x.len() != length || y.len() != length {
        return Err(NotAKey("a coordinate has another length than its curve"));
    }
    Ok([&[4], x, y].concat())
}

/// The same key: name, algorithm and numbers.
impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.kid == other.kid && self.algorithm == other.algorithm && self.parsed.as_ref() == other.parsed.as_ref()
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("kid", &self.kid).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// The keys of an issuer. As a [`KeySource`] it is for keys that never change, or for tests.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<Arc<PublicKey>>);

impl KeySet {
    /// Of these keys; of two with one `kid` the first counts.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        Self(keys.into_iter().map(Arc::new).collect())
    }

    /// Parses a JWK Set (RFC 7517 5). What is no key for us is left out: `None` only when the text is no set, or one
    /// of more than a hundred keys.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let set = json::object(text)?;
        let keys = set.get("keys")?.as_array().filter(|keys| keys.len() <= MOST_KEYS)?;
        Some(Self::new(keys.iter().filter_map(Value::as_object).filter_map(|jwk| PublicKey::from_jwk(jwk).ok())))
    }

    /// The key of that name.
    #[must_use]
    pub fn get(&self, kid: &str) -> Option<&Arc<PublicKey>> {
        self.0.iter().find(|key| key.kid == kid)
    }
}

#[async_trait]
impl KeySource for KeySet {
    async fn find(&self, kid: &str) -> Result<Option<Arc<PublicKey>>, Unavailable> {
        Ok(self.get(kid).cloned())
    }
}

#[async_trait]
impl<T: KeySource + ?Sized> KeySource for Arc<T> {
    async fn find(&self, kid: &str) -> Result<Option<Arc<PublicKey>>, Unavailable> {
        (**self).find(kid).await
    }
}

#[cfg(test)]
mod tests;
