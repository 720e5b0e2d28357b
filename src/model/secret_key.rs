//! Symmetric keys as they are kept: sealed, named, each for one purpose.
//!
//! Owns: the purposes and the kept record. Does not own: keys in the clear (`tokens`).

use crate::protocol::time::Timestamp;

/// What a key is for; a sealed key of one purpose never opens as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The MAC of refresh tokens.
    Refresh,
    /// The names of counters.
    Throttle,
}

impl Purpose {
    /// Its name at rest.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Throttle => "throttle",
        }
    }
}

/// A symmetric key at rest: sealed under a key-encryption key, bound to its purpose and id.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSecretKey {
    /// Eight hexadecimal characters.
    pub id: String,
    /// Its one purpose.
    pub purpose: Purpose,
    /// Which key-encryption key sealed it.
    pub kek_id: String,
    /// Nonce and ciphertext.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}
