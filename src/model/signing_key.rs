//! Signing keys as they are kept: sealed, named, each for one algorithm.
//!
//! Owns: the algorithms in use and the kept record. Does not own: key material in the clear (`tokens`).

use serde::{Deserialize, Serialize};

use crate::protocol::id_token::HashFunction;
use crate::protocol::time::Timestamp;

/// RFC 7518 3.1: the signature algorithms of our tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, 2048 bits.
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// RSASSA-PSS with SHA-256, 2048 bits.
    PS256,
    /// Ed25519 (RFC 8037).
    EdDSA,
}

impl Algorithm {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::RS256, Self::ES256, Self::PS256, Self::EdDSA];

    /// The name in `alg`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::ES256 => "ES256",
            Self::PS256 => "PS256",
            Self::EdDSA => "EdDSA",
        }
    }

    /// Whether a signature takes most of a millisecond, too long for the event loop.
    #[must_use]
    pub const fn is_slow(self) -> bool {
        matches!(self, Self::RS256 | Self::PS256)
    }

    /// The hash function that `at_hash` is made with (OpenID Connect Core 3.1.3.6).
    #[must_use]
    pub const fn hash_function(self) -> HashFunction {
        match self {
            Self::RS256 | Self::ES256 | Self::PS256 => HashFunction::Sha256,
            Self::EdDSA => HashFunction::Sha512,
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }
}

/// A key pair at rest: the private half is sealed under a key-encryption key, bound to `kid`.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSigningKey {
    /// RFC 7517 4.5: the thumbprint of the public key (RFC 7638).
    pub kid: String,
    /// Its one algorithm.
    pub algorithm: Algorithm,
    /// Which key-encryption key sealed it.
    pub kek_id: String,
    /// Nonce and ciphertext of the PKCS#8 document.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}
