//! Password hashes that other programs made: bcrypt, PBKDF2, scrypt and SHA-crypt as passlib, Django and
//! crypt(3) write them.
//!
//! Owns: which forms are read and what they may cost. Does not own: argon2 (`phc`), threads (`pool`), the
//! upgrade at the next sign-in (`hasher`). Nothing here is ever made, only verified.

mod bcrypt;
mod pbkdf2;
mod scrypt;
mod sha_crypt;

use std::fmt;

use crate::passwords::stored::StoredFault;

/// A hash of one of these schemes, read and found affordable.
pub(super) enum Imported {
    /// bcrypt, also over a digest of the password.
    Bcrypt(bcrypt::Bcrypt),
    /// PBKDF2 with HMAC (RFC 8018 5.2).
    Pbkdf2(pbkdf2::Pbkdf2),
    /// scrypt (RFC 7914).
    Scrypt(scrypt::Scrypt),
    /// SHA-crypt of crypt(3).
    ShaCrypt(sha_crypt::ShaCrypt),
}

impl fmt::Debug for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scheme())
    }
}

impl Imported {
    /// Reads one by its prefix.
    ///
    /// # Errors
    /// When no scheme here has that prefix, or the rest does not fit it or costs too much.
    pub(super) fn parse(text: &str) -> Result<Self, StoredFault> {
        let is = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix));
        if is(&bcrypt::PREFIXES) {
            bcrypt::Bcrypt::parse(text).map(Self::Bcrypt)
        } else if is(&pbkdf2::PREFIXES) {
            pbkdf2::Pbkdf2::parse(text).map(Self::Pbkdf2)
        } else if is(&scrypt::PREFIXES) {
            scrypt::Scrypt::parse(text).map(Self::Scrypt)
        } else if is(&sha_crypt::PREFIXES) {
            sha_crypt::ShaCrypt::parse(text).map(Self::ShaCrypt)
        } else {
            Err(StoredFault::Unknown)
        }
    }

    /// Its name.
    pub(super) const fn scheme(&self) -> &'static str {
        match self {
            Self::Bcrypt(_) => bcrypt::NAME,
            Self::Pbkdf2(_) => pbkdf2::NAME,
            Self::Scrypt(_) => scrypt::NAME,
            Self::ShaCrypt(_) => sha_crypt::NAME,
        }
    }

    /// Whether it is the hash of this password; compared in constant time. `None` when the scheme cannot
    /// tell passwords like this one apart, so that nothing was computed.
    pub(super) fn matches(&self, password: &[u8]) -> Option<bool> {
        match self {
            Self::Bcrypt(hash) => hash.matches(password),
            Self::Pbkdf2(hash) => Some(hash.matches(password)),
            Self::Scrypt(hash) => Some(hash.matches(password)),
            Self::ShaCrypt(hash) => hash.matches(password),
        }
    }
}

/// A number in decimal, without sign and without leading zeros: each hash has one spelling.
fn decimal(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}
