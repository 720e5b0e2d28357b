//! What is stored of a password, read: argon2 as made here, or another program's hash.
//!
//! Owns: telling them apart, and why one is refused. Does not own: the schemes (`phc`, `imported`).
//! A stored hash is untrusted: it was imported. None may panic, or take more memory or time than its
//! scheme's ceiling.

use crate::passwords::imported::Imported;
use crate::passwords::phc::Hash;

/// Longer than the longest hash that any scheme here writes.
const MOST_BYTES: usize = 512;

/// Why a stored hash cannot be verified. Nothing of the hash is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoredFault {
    /// It begins like none that is known.
    #[error("not a hash of a scheme that is verified here (argon2, bcrypt, pbkdf2, scrypt, sha-crypt)")]
    Unknown,
    /// It begins like one, and is none.
    #[error("a malformed {0} hash")]
    Malformed(&'static str),
    /// Verifying it would take more time or memory than a sign-in may.
    #[error("a {0} hash of a cost beyond what is verified here")]
    TooCostly(&'static str),
}

/// A stored hash.
#[derive(Debug)]
pub(super) enum Stored {
    /// argon2 of any variant, made here or elsewhere.
    Argon2(Hash),
    /// Of another program: replaced at the next sign-in.
    Imported(Imported),
}

impl Stored {
    /// Reads one.
    ///
    /// # Errors
    /// When it could not be verified.
    pub(super) fn parse(text: &str) -> Result<Self, StoredFault> {
        // The parsers cut texts at byte positions and compute in bytes: only ASCII goes there.
        if text.len() > MOST_BYTES || !text.is_ascii() {
            return Err(StoredFault::Unknown);
        }
        // Django writes its own name before the PHC string: argon2$argon2id$v=19$…
        let phc = if text.starts_with("argon2$argon2") { text.trim_start_matches("argon2") } else { text };
        if phc.starts_with("$argon2") {
            return Hash::parse(phc).map(Self::Argon2);
        }
        Imported::parse(text).map(Self::Imported)
    }

    /// Its scheme, by name.
    pub(super) fn scheme(&self) -> &'static str {
        match self {
            Self::Argon2(hash) => hash.scheme(),
            Self::Imported(imported) => imported.scheme(),
        }
    }
}

/// The scheme of a stored hash (`argon2id`, `bcrypt`, …).
///
/// # Errors
/// When a password could not be verified against it.
pub fn scheme_of(stored: &str) -> Result<&'static str, StoredFault> {
    Stored::parse(stored).map(|stored| stored.scheme())
}
