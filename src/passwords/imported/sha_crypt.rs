//! SHA-crypt of crypt(3): `$5$` (SHA-256) and `$6$` (SHA-512).
//!
//! Owns: reading and verifying these. Does not own: other schemes.

use password_hash::PasswordVerifier as _;

use crate::passwords::imported::decimal;
use crate::passwords::stored::StoredFault;

/// The scheme.
pub(super) const NAME: &str = "sha-crypt";

/// How its hashes begin.
pub(super) const PREFIXES: [&str; 2] = ["$5$", "$6$"];

/// Above this a hash is not computed: a second or two. passlib's default is 656,000.
const MOST_ROUNDS: u32 = 2_000_000;
/// crypt(3) has at least these.
const FEWEST_ROUNDS: u32 = 1_000;
/// Each round hashes the password once or twice, so a long one multiplies the work. libxcrypt refuses
/// longer ones, too: nobody has one.
const MOST_BYTES: usize = 512;

/// A SHA-crypt hash, as written.
pub(in crate::passwords) struct ShaCrypt(String);

impl ShaCrypt {
    /// Reads one.
    pub(in crate::passwords) fn parse(text: &str) -> Result<Self, StoredFault> {
        let malformed = StoredFault::Malformed(NAME);
        let parts: Vec<&str> = text.split('$').collect();
        let (name, rounds, salt, hash) = match parts.as_slice() {
            ["", name, salt, hash] => (name, None, salt, hash),
            ["", name, rounds, salt, hash] => (name, Some(rounds), salt, hash),
            _ => return Err(malformed),
        };
        let length = if *name == "5" { 43 } else { 86 };
        let own = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/'));
        if salt.is_empty() || salt.len() > 16 || !own(salt) || hash.len() != length || !own(hash) {
            return Err(malformed);
        }
        if let Some(rounds) = rounds {
            let rounds = rounds.strip_prefix("rounds=").and_then(decimal).ok_or(malformed)?;
            if rounds > MOST_ROUNDS {
                return Err(StoredFault::TooCostly(NAME));
            }
            if rounds < FEWEST_ROUNDS {
                return Err(malformed);
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether it is the hash of this password; `None` when it is longer than any that was hashed so.
    pub(in crate::passwords) fn matches(&self, password: &[u8]) -> Option<bool> {
        if password.len() > MOST_BYTES {
            return None;
        }
        Some(sha_crypt::ShaCrypt::default().verify_password(password, self.0.as_str()).is_ok())
    }
}
