//! PBKDF2 (RFC 8018 5.2): passlib's `$pbkdf2$`, `$pbkdf2-sha256$`, `$pbkdf2-sha512$`; Django's
//! `pbkdf2_sha1$` and `pbkdf2_sha256$`.
//!
//! Owns: reading and verifying these. Does not own: other schemes.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use crate::passwords::imported::decimal;
use crate::passwords::stored::StoredFault;

/// The scheme.
pub(super) const NAME: &str = "pbkdf2";

/// How its hashes begin.
pub(super) const PREFIXES: [&str; 5] =
    ["$pbkdf2$", "$pbkdf2-sha256$", "$pbkdf2-sha512$", "pbkdf2_sha1$", "pbkdf2_sha256$"];

/// Above this a hash is not computed: about three seconds. Django's default of 2026 is 1,200,000.
const MOST_ROUNDS: u32 = 5_000_000;

/// A PBKDF2 hash.
pub(in crate::passwords) struct Pbkdf2 {
    algorithm: pbkdf2::Algorithm,
    rounds: NonZeroU32,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Pbkdf2 {
    /// Reads one.
    pub(in crate::passwords) fn parse(text: &str) -> Result<Self, StoredFault> {
        let malformed = StoredFault::Malformed(NAME);
        let parts: Vec<&str> = text.split('$').collect();
        let (name, rounds, salt, output) = match parts.as_slice() {
            ["", name, rounds, salt, output] => (name, rounds, passlib_base64(salt), passlib_base64(output)),
            // Django's salt is the text itself.
            [name, rounds, salt, output] => {
                (name, rounds, Some(salt.as_bytes().to_vec()), STANDARD.decode(output).ok())
            }
            _ => return Err(malformed),
        };
        let (algorithm, length) = match *name {
            "pbkdf2" | "pbkdf2_sha1" => (pbkdf2::PBKDF2_HMAC_SHA1, 20),
            "pbkdf2-sha256" | "pbkdf2_sha256" => (pbkdf2::PBKDF2_HMAC_SHA256, 32),
            "pbkdf2-sha512" => (pbkdf2::PBKDF2_HMAC_SHA512, 64),
            _ => return Err(malformed),
        };
        let rounds = decimal(rounds).and_then(NonZeroU32::new).ok_or(malformed)?;
        if rounds.get() > MOST_ROUNDS {
            return Err(StoredFault::TooCostly(NAME));
        }
        let (salt, output) = (salt.ok_or(malformed)?, output.ok_or(malformed)?);
        // Each program writes one block; more would cost a multiple of the rounds.
        if output.len() != length {
            return Err(malformed);
        }
        Ok(Self { algorithm, rounds, salt, output })
    }

    /// Whether it is the hash of this password.
    pub(in crate::passwords) fn matches(&self, password: &[u8]) -> bool {
        pbkdf2::verify(self.algorithm, self.rounds, &self.salt, password, &self.output).is_ok()
    }
}

/// Base64 without padding and with `.` where others have `+`.
fn passlib_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text.replace('.', "+")).ok()
}
