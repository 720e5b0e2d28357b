//! bcrypt: `$2a$`, `$2b$`, `$2y$`; Django's `bcrypt$…` and `bcrypt_sha256$…`; passlib's `$bcrypt-sha256$…`.
//!
//! Owns: reading these and what is hashed for each. Does not own: other schemes.
//!
//! bcrypt looks at 72 bytes, and takes the password with its closing NUL as one repeating key. So a longer
//! password would match by its beginning alone, and `a` and `a NUL a` are one key. Neither is tried: what
//! bcrypt cannot tell apart is refused (CVE-2025-22228). The forms that hash a digest have neither limit.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::passwords::imported::decimal;
use crate::passwords::stored::StoredFault;

/// The scheme.
pub(super) const NAME: &str = "bcrypt";

/// How its hashes begin. `$2x$` marks hashes of a broken implementation and is not among them.
pub(super) const PREFIXES: [&str; 6] = ["$2a$", "$2b$", "$2y$", "$bcrypt-sha256$", "bcrypt$", "bcrypt_sha256$"];

/// Each step doubles the work: 15 takes about 2.5 seconds.
const COSTS: std::ops::RangeInclusive<u32> = 4..=15;

/// Bytes of a password that bcrypt looks at.
const MOST_BYTES: usize = 72;

/// What is done to a password before bcrypt sees it.
#[derive(Clone, Copy)]
enum Digest {
    /// Nothing.
    None,
    /// Django: SHA-256 in lower-case hex.
    HexSha256,
    /// passlib, version 1: SHA-256 in base64.
    Base64Sha256,
    /// passlib, version 2: HMAC-SHA-256 under the salt as it is written, in base64.
    Base64HmacSha256,
}

/// A bcrypt hash.
pub(in crate::passwords) struct Bcrypt {
    digest: Digest,
    salt: String,
    /// `$2b$cost$salt+hash`, 60 bytes of ASCII.
    crypt: String,
}

impl Bcrypt {
    /// Reads one.
    pub(in crate::passwords) fn parse(text: &str) -> Result<Self, StoredFault> {
        let malformed = StoredFault::Malformed(NAME);
        if let Some(rest) = text.strip_prefix("$bcrypt-sha256$") {
            return Self::parse_passlib(rest);
        }
        let (digest, crypt) = match (text.strip_prefix("bcrypt$"), text.strip_prefix("bcrypt_sha256$")) {
            (Some(crypt), _) => (Digest::None, crypt),
            (_, Some(crypt)) => (Digest::HexSha256, crypt),
            (None, None) => (Digest::None, text),
        };
        let parts: Vec<&str> = crypt.split('$').collect();
        let ["", "2a" | "2b" | "2y", cost, salt_and_hash] = parts.as_slice() else { return Err(malformed) };
        // The cost is written with two digits.
        let cost = if cost.len() == 2 { cost.strip_prefix('0').unwrap_or(cost) } else { "" };
        let (salt, hash) = salt_and_hash.split_at_checked(22).ok_or(malformed)?;
        Self::of(digest, cost, salt, hash)
    }

    /// `v=2,t=2b,r=12$salt$hash`, and from before passlib 1.7.3 `2b,12$salt$hash`.
    fn parse_passlib(rest: &str) -> Result<Self, StoredFault> {
        let malformed = StoredFault::Malformed(NAME);
        let parts: Vec<&str> = rest.split('$').collect();
        let [settings, salt, hash] = parts.as_slice() else { return Err(malformed) };
        let (digest, cost) = match settings.split(',').collect::<Vec<_>>().as_slice() {
            ["v=2", "t=2b", cost] => (Digest::Base64HmacSha256, cost.strip_prefix("r=").ok_or(malformed)?),
            ["2a" | "2b", cost] => (Digest::Base64Sha256, *cost),
            _ => return Err(malformed),
        };
        Self::of(digest, cost, salt, hash)
    }

    fn of(digest: Digest, cost: &str, salt: &str, hash: &str) -> Result<Self, StoredFault> {
        let malformed = StoredFault::Malformed(NAME);
        let cost = decimal(cost).ok_or(malformed)?;
        let own = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/'));
        if salt.len() != 22 || hash.len() != 31 || !own(salt) || !own(hash) || cost < *COSTS.start() {
            return Err(malformed);
        }
        if cost > *COSTS.end() {
            return Err(StoredFault::TooCostly(NAME));
        }
        Ok(Self { digest, salt: salt.to_owned(), crypt: format!("$2b${cost:02}${salt}{hash}") })
    }

    /// Whether it is the hash of this password; `None` when bcrypt cannot tell it from another.
    pub(in crate::passwords) fn matches(&self, password: &[u8]) -> Option<bool> {
        let digested = self.digest(password);
        let input = digested.as_ref().map_or(password, |text| text.as_bytes());
        if input.len() > MOST_BYTES || input.contains(&0) {
            return None;
        }
        Some(bcrypt::verify(input, &self.crypt).unwrap_or(false))
    }

    fn digest(&self, password: &[u8]) -> Option<Zeroizing<String>> {
        let text = match self.digest {
            Digest::None => return None,
            Digest::HexSha256 => hex(&Sha256::digest(password)),
            Digest::Base64Sha256 => STANDARD.encode(Sha256::digest(password)),
            Digest::Base64HmacSha256 => {
                let mut mac = Hmac::<Sha256>::new_from_slice(self.salt.as_bytes()).ok()?;
                mac.update(password);
                STANDARD.encode(mac.finalize().into_bytes())
            }
        };
        Some(Zeroizing::new(text))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
