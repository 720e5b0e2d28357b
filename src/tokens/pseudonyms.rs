//! Names for what must not be named: who is counted, without saying who.
//!
//! Owns: the key under which they are made. Does not own: what they name (`throttle`).

use aws_lc_rs::hmac::{self, HMAC_SHA256};

use crate::clock::Clock;
use crate::config;
use crate::model::secret_key::Purpose;
use crate::protocol::opaque::TokenHash;
use crate::store::KeyStore;
use crate::tokens::TokenError;
use crate::tokens::seal::KeyEncryptionKeys;
use crate::tokens::secret_keys;

/// Keeps this MAC apart from any other under the same key.
const DOMAIN: &[u8] = b"vestibule pseudonym\0";

/// Makes them: HMAC-SHA-256 under a key of its own, the same on every instance.
pub struct Pseudonyms(hmac::Key);

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pseudonyms").finish()
    }
}

impl Pseudonyms {
    /// Opens the key, and makes it where there is none.
    ///
    /// # Errors
    /// When the store fails, or no configured key-encryption key opens it.
    pub async fn open(keys: &config::Keys, store: &dyn KeyStore, clock: &dyn Clock) -> Result<Self, TokenError> {
        let sealer = KeyEncryptionKeys::parse(&keys.encryption_keys)?;
        let opened = secret_keys::open(&sealer, Purpose::Throttle, store, clock).await?;
        // The oldest: a pseudonym is the same for as long as it can be.
        let oldest = opened.last().ok_or(TokenError::Cryptography("there is no key for pseudonyms"))?;
        Ok(Self::new(&oldest.key))
    }

    fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(HMAC_SHA256, key))
    }

    /// The name of this list of texts, and of no other list.
    #[must_use]
    pub fn of(&self, texts: &[&str]) -> TokenHash {
        let mut mac = hmac::Context::with_key(&self.0);
        mac.update(DOMAIN);
        for text in texts {
            mac.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(text.as_bytes());
        }
        TokenHash::of(mac.sign().as_ref())
    }

    /// Under a key that everybody knows.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        Self::new(&[7; 32])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_has_a_name_of_its_own_under_each_key() {
        let (one, two) = (Pseudonyms::for_tests(), Pseudonyms::new(&[8; 32]));
        assert_eq!(one.of(&["account", "ada"]), one.of(&["account", "ada"]));
        for other in [&["account", "ad", "a"][..], &["accountada"], &["account", "bob"], &["account"], &[]] {
            assert_ne!(one.of(&["account", "ada"]), one.of(other), "{other:?}");
        }
        assert_ne!(one.of(&["account", "ada"]), two.of(&["account", "ada"]));
    }
}
