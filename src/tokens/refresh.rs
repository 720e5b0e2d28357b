//! The text of refresh tokens: a grant and a generation under a MAC, so that nothing of them is stored.
//!
//! Owns: their form, the keys of their MAC. Does not own: whether one still counts (`model/refresh`).
//!
//! 57 bytes in base64url: version (1), key id (4), grant id (16), generation (4, big endian), and
//! HMAC-SHA-256 (32) over a domain and all before it.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::clock::Clock;
use crate::model::secret_key::Purpose;
use crate::protocol::ids::GrantId;
use crate::store::KeyStore;
use crate::tokens::TokenError;
use crate::tokens::seal::KeyEncryptionKeys;
use crate::tokens::secret_keys::{self, SecretKey};

const VERSION: u8 = 1;
/// Keeps this MAC apart from any other under the same key.
const DOMAIN: &[u8] = b"vestibule refresh token\0";
/// Bytes before the MAC.
const BODY_LEN: usize = 1 + 4 + 16 + 4;
const MAC_LEN: usize = 32;
/// Characters of the whole in base64url.
const TEXT_LEN: usize = (BODY_LEN + MAC_LEN).div_ceil(3) * 4;

/// The keys, newest first: the first makes MACs, all check them.
pub(super) struct MacKeys(Vec<MacKey>);

struct MacKey {
    id: u32,
    key: hmac::Key,
}

impl std::fmt::Debug for MacKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| key.id)).finish()
    }
}

impl MacKeys {
    pub(super) fn make(&self, grant: GrantId, generation: u32) -> Result<String, TokenError> {
        let key = self.0.first().ok_or(TokenError::Cryptography("there is no key for refresh tokens"))?;
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
        if token.len() != TEXT_LEN {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (body, mac) = bytes.split_at_checked(BODY_LEN)?;
        let (version, rest) = body.split_first()?;
        let (id, rest) = rest.split_first_chunk::<4>()?;
        let (grant, rest) = rest.split_first_chunk::<16>()?;
        let generation = rest.first_chunk::<4>()?;
        if *version != VERSION {
            return None;
        }
        let id = u32::from_be_bytes(*id);
        let key = self.0.iter().find(|key| key.id == id)?;
        // Constant time.
        hmac::verify(&key.key, &[DOMAIN, body].concat(), mac).ok()?;
        Some((GrantId(Uuid::from_bytes(*grant)), u32::from_be_bytes(*generation)))
    }
}

/// Opens every stored key and makes the first where there is none.
pub(super) async fn open(
    keks: &KeyEncryptionKeys,
    store: &dyn KeyStore,
    clock: &dyn Clock,
) -> Result<MacKeys, TokenError> {
    let opened = secret_keys::open(keks, Purpose::Refresh, store, clock).await?;
    opened.iter().map(mac_key).collect::<Result<_, _>>().map(MacKeys)
}

fn mac_key(opened: &SecretKey) -> Result<MacKey, TokenError> {
    let damaged = |_| TokenError::Damaged { kid: opened.id.clone(), fault: "its id is not hexadecimal" };
    let id = u32::from_str_radix(&opened.id, 16).map_err(damaged)?;
    Ok(MacKey { id, key: hmac::Key::new(HMAC_SHA256, &opened.key) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tokens::secret_keys::KEY_LEN;

    fn keys(ids: &[u32]) -> MacKeys {
        let key = |id: u32| hmac::Key::new(HMAC_SHA256, &[u8::try_from(id % 256).unwrap(); KEY_LEN]);
        MacKeys(ids.iter().map(|id| MacKey { id: *id, key: key(*id) }).collect())
    }

    fn grant() -> GrantId {
        GrantId(Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_0001))
    }

    #[test]
    fn what_is_made_is_read_and_has_the_same_length_always() {
        let keys = keys(&[7, 8]);
        for generation in [0, 1, 77, u32::MAX] {
            let token = keys.make(grant(), generation).unwrap();
            assert_eq!((token.len(), keys.read(&token)), (TEXT_LEN, Some((grant(), generation))));
            assert_eq!(keys.make(grant(), generation).unwrap(), token);
        }
    }

    #[test]
    fn older_keys_check_and_unknown_ones_do_not() {
        let before = keys(&[8]).make(grant(), 3).unwrap();
        assert_eq!(keys(&[7, 8]).read(&before), Some((grant(), 3)));
        assert_eq!(keys(&[7]).read(&before), None);
    }

    #[test]
    fn no_other_text_is_a_token() {
        let keys = keys(&[7]);
        let token = keys.make(grant(), 3).unwrap();
        for text in ["", "x", &token[1..], &format!("{token}A"), &"A".repeat(TEXT_LEN), &"\u{1F511}".repeat(19)] {
            assert_eq!(keys.read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_token_with_one_bit_changed_is_none(byte in 0..BODY_LEN + MAC_LEN, bit in 0..8_u8) {
            let keys = keys(&[7, 0]);
            let mut bytes = URL_SAFE_NO_PAD.decode(keys.make(grant(), 3).unwrap()).unwrap();
            bytes[byte] ^= 1 << bit;
            prop_assert_eq!(keys.read(&URL_SAFE_NO_PAD.encode(bytes)), None);
        }

        #[test]
        fn any_text_is_read_without_panic(text in ".{0,100}") {
            prop_assert_eq!(keys(&[7]).read(&text), None);
        }
    }
}
