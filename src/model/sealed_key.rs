//! Keys as they are kept: sealed, named, numbered, each for one use.
//!
//! Owns: the uses and the kept record, and what sealed bytes are. Does not own: keys in the clear (`tokens`), when one signs and how
//! long it counts (`key_line`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::model::signing_key::Algorithm;
use crate::protocol::time::Timestamp;

/// What a key is for; a sealed key of one use never opens as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyUse {
    /// Signatures of that algorithm; its public half is published.
    Signing(Algorithm),
    /// The MAC of refresh tokens.
    Refresh,
    /// The names of counters.
    Throttle,
}

impl KeyUse {
    /// Its name at rest and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signing(algorithm) => algorithm.as_str(),
            Self::Refresh => "refresh",
            Self::Throttle => "throttle",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let secret = [Self::Refresh, Self::Throttle].into_iter().find(|usage| usage.as_str() == text);
        secret.or_else(|| Algorithm::parse(text).map(Self::Signing))
    }
}

/// A key at rest: sealed under a key-encryption key, bound to its use and id.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// A signing key's `kid`, the thumbprint of its public half (RFC 7517 4.5, RFC 7638); eight hexadecimal
    /// characters for any other.
    pub id: String,
    /// Its one use.
    pub usage: KeyUse,
    /// Its place among the keys of its use, from zero. No two have the same.
    pub number: u32,
    /// `None` once it was revoked: what was secret of it is erased.
    pub sealed: Option<Sealed>,
    /// When it was made, and published.
    pub created_at: Timestamp,
    /// From when on it signs, until the next does.
    pub signs_from: Timestamp,
    /// Since when nothing that it signed counts.
    pub revoked_at: Option<Timestamp>,
}

/// Sealed bytes. In JSON they are base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Which key-encryption key sealed them.
    pub kek_id: String,
    /// Nonce and ciphertext: of the PKCS#8 document, of the key itself, or of a provider's tokens.
    #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed").field("kek_id", &self.kek_id).finish_non_exhaustive()
    }
}

fn write_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD_NO_PAD.encode(bytes))
}

fn read_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD_NO_PAD.decode(text).map_err(de::Error::custom)
}

impl SealedKey {
    /// Whether everything but the sealed bytes is the same: sealing anew changes nothing for who opened it.
    #[must_use]
    pub fn is_as_open(&self, other: &Self) -> bool {
        let facts = |key: &Self| (key.usage, key.number, key.signs_from, key.revoked_at);
        self.id == other.id && facts(self) == facts(other)
    }
}

impl std::fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedKey").field("id", &self.id).field("usage", &self.usage).finish_non_exhaustive()
    }
}
