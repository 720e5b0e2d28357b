//! The signature algorithms of our tokens.
//!
//! Owns: which there are. Does not own: keys at rest (`sealed_key`), key material in the clear (`tokens`).

use serde::{Deserialize, Serialize};

use crate::protocol::id_token::HashFunction;

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
