//! The text of refresh tokens: a grant and a generation under a MAC, so that nothing of them is stored.
//!
//! Owns: their form, the keys of their MAC. Does not own: whether one still counts (`model/refresh`).
//!
//! 57 bytes in base64url: version (1), key id (4), grant id (16), generation (4, big endian), and
//! HMAC-SHA-256 (32) over a domain and all before it.

use std::sync::Arc;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::CryptoRng;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::model::key_line::turn;
use crate::model::sealed_key::SealedKey;
use crate::protocol::ids::GrantId;
use crate::protocol::time::Timestamp;
use crate::tokens::TokenError;
use crate::tokens::seal::KeyEncryptionKeys;

const VERSION: u8 = 1;
/// Keeps this MAC apart from any other under the same key.
const DOMAIN: &[u8] = b"vestibule refresh token\0";
/// Bytes of the key.
const KEY_LEN: usize = 32;
/// Bytes before the MAC.
const BODY_LEN: usize = 1 + 4 + 16 + 4;
const MAC_LEN: usize = 32;
/// Characters of the whole in base64url.
const TEXT_LEN: usize = (BODY_LEN + MAC_LEN).div_ceil(3) * 4;

/// The keys, in the order of their numbers: the one whose turn it is makes MACs, all check them.
#[derive(Default)]
pub(super) struct MacKeys(Vec<(Timestamp, Arc<MacKey>)>);

/// One key, ready to be used.
pub(super) struct MacKey {
    id: u32,
    key: hmac::Key,
}

impl std::fmt::Debug for MacKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(_, key)| key.id)).finish()
    }
}

impl MacKeys {
    /// Adds the next in the order.
    pub(super) fn add(&mut self, signs_from: Timestamp, key: Arc<MacKey>) {
        self.0.push((signs_from, key));
    }

    /// By the id it is kept under.
    pub(super) fn find(&self, id: &str) -> Option<&Arc<MacKey>> {
        let id = read_id(id)?;
        self.0.iter().map(|(_, key)| key).find(|key| key.id == id)
    }

    pub(super) fn make(&self, grant: GrantId, generation: u32, now: Timestamp) -> Result<String, TokenError> {
        let missing = TokenError::Cryptography("there is no key for refresh tokens");
        let (_, key) = turn(self.0.iter(), |(signs_from, _)| *signs_from, now).ok_or(missing)?;
        let mut token = Vec::with_capacity(BODY_LEN + MAC_LEN);
        token.push(VERSION);
        token.extend_from_slice(&key.id.to_be_bytes());
        token.extend_from_slice(grant.0.as_bytes());
        token.extend_from_slice(&generation.to_be_bytes());
        let mac = hmac::sign(&key.key, &[DOMAIN, &token].concat());
        token.extend_from_slice(mac.as_ref());
        Ok(URL_SAFE_NO_PAD.encode(token))
    }

    pub(super) fn read(&self, token: &str) -> Option<(GrantId, u32)> {
        let bytes = decode(token)?;
        let (body, mac) = bytes.split_at_checked(BODY_LEN)?;
        let rest = body.get(1 + 4..)?;
        let (grant, rest) = rest.split_first_chunk::<16>()?;
        let generation = rest.first_chunk::<4>()?;
        let id = key_id(&bytes)?;
        let (_, key) = self.0.iter().find(|(_, key)| key.id == id)?;
        // Constant time.
        hmac::verify(&key.key, &[DOMAIN, body].concat(), mac).ok()?;
        Some((GrantId(Uuid::from_bytes(*grant)), u32::from_be_bytes(*generation)))
    }
}

/// The id of the key of a text that has the form of a refresh token.
pub(super) fn names_key(token: &str) -> Option<String> {
    decode(token).as_deref().and_then(key_id).map(write_id)
}

fn decode(token: &str) -> Option<Vec<u8>> {
    if token.len() != TEXT_LEN {
        return None;
    }
    URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.first() == Some(&VERSION))
}

fn key_id(bytes: &[u8]) -> Option<u32> {
    bytes.get(1..)?.first_chunk::<4>().map(|id| u32::from_be_bytes(*id))
}

fn write_id(id: u32) -> String {
    format!("{id:08x}")
}

fn read_id(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 16).ok().filter(|id| write_id(*id) == text)
}

/// Makes a key: its id and its bytes.
pub(super) fn generate(rng: &mut impl CryptoRng) -> (String, Zeroizing<Vec<u8>>) {
    let mut key = Zeroizing::new(vec![0_u8; KEY_LEN]);
    rng.fill_bytes(key.as_mut_slice());
    (write_id(rng.next_u32()), key)
}

impl MacKey {
    /// Opens a stored key.
    pub(super) fn open(keks: &KeyEncryptionKeys, stored: &SealedKey) -> Result<Self, TokenError> {
        let damaged = |fault| TokenError::Damaged { kid: stored.id.clone(), fault };
        let key = keks.open(stored)?;
        let id = read_id(&stored.id).ok_or_else(|| damaged("its id is not hexadecimal"))?;
        if key.len() != KEY_LEN {
            return Err(damaged("it is not 32 bytes long"));
        }
        Ok(Self { id, key: hmac::Key::new(HMAC_SHA256, &key) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(ids: &[u32]) -> MacKeys {
        let key = |id: u32| hmac::Key::new(HMAC_SHA256, &[u8::try_from(id % 256).unwrap(); KEY_LEN]);
        let mac = |id: &u32| (NOW, Arc::new(MacKey { id: *id, key: key(*id) }));
        MacKeys(ids.iter().map(mac).collect())
    }

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn grant() -> GrantId {
        GrantId(Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0001))
    }

    #[test]
    fn what_is_made_is_read_and_has_the_same_length_always() {
        let keys = keys(&[7, 8]);
        for generation in [0, 1, 77, u32::MAX] {
            let token = keys.make(grant(), generation, NOW).unwrap();
            assert_eq!((token.len(), keys.read(&token)), (TEXT_LEN, Some((grant(), generation))));
            assert_eq!(keys.make(grant(), generation, NOW).unwrap(), token);
        }
    }

    #[test]
    fn older_keys_check_and_unknown_ones_do_not() {
        let before = keys(&[8]).make(grant(), 3, NOW).unwrap();
        let both = keys(&[8, 7]);
        assert_eq!(both.read(&before), Some((grant(), 3)));
        assert_ne!(both.make(grant(), 3, NOW).unwrap(), before);
        assert_eq!(names_key(&before).as_deref(), Some("00000008"));
        assert_eq!(keys(&[7]).read(&before), None);
    }

    #[test]
    fn no_other_text_is_a_token() {
        let keys = keys(&[7]);
        let token = keys.make(grant(), 3, NOW).unwrap();
        for text in ["", "x", &token[1..], &format!("{token}A"), &"A".repeat(TEXT_LEN), &"\u{1F511}".repeat(19)] {
            assert_eq!(keys.read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_token_with_one_bit_changed_is_none(byte in 0..BODY_LEN + MAC_LEN, bit in 0..8_u8) {
            let keys = keys(&[7, 0]);
            let mut bytes = URL_SAFE_NO_PAD.decode(keys.make(grant(), 3, NOW).unwrap()).unwrap();
            bytes[byte] ^= 1 << bit;
            prop_assert_eq!(keys.read(&URL_SAFE_NO_PAD.encode(bytes)), None);
        }

        #[test]
        fn any_text_is_read_without_panic(text in ".{0,100}") {
            prop_assert_eq!(keys(&[7]).read(&text), None);
        }
    }
}
