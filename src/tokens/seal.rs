//! Secrets at rest: AES-256-GCM under a ring of key-encryption keys.
//!
//! Owns: reading the key-encryption keys, sealing and opening. Does not own: where what is sealed is kept (`store`) or
//! what is in it (`key_pair`, `refresh`, `provider_tokens`).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rand::CryptoRng;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::model::sealed_key::{KeyUse, Sealed, SealedKey};
use crate::protocol::opaque::TokenHash;
use crate::tokens::TokenError;

/// Bytes of a key-encryption key.
const KEK_LEN: usize = 32;
/// Bytes that AES-GCM adds.
const TAG_LEN: usize = 16;
/// Keeps the id of a key-encryption key apart from any other digest of it.
const ID_DOMAIN: &[u8] = b"vestibule key-encryption key id\0";

/// The configured key-encryption keys: the first seals, all open.
pub(super) struct KeyEncryptionKeys {
    first: KeyEncryptionKey,
    others: Vec<KeyEncryptionKey>,
}

impl std::fmt::Debug for KeyEncryptionKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

struct KeyEncryptionKey {
    id: String,
    key: LessSafeKey,
}

impl KeyEncryptionKeys {
    /// Reads them: 32 bytes each in base64, standard or URL alphabet, padded or not, white space around.
    pub(super) fn parse(texts: &[SecretString]) -> Result<Self, TokenError> {
        let mut keys = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let fault = |fault| TokenError::EncryptionKey { position: index + 1, count: texts.len(), fault };
            let bytes = decode(text.expose_secret()).map_err(fault)?;
            keys.push(KeyEncryptionKey::new(&bytes)?);
        }
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or(TokenError::NoEncryptionKey)?;
        Ok(Self { first, others: keys.collect() })
    }

    /// Seals what is secret of the key `id` of that use.
    pub(super) fn seal(
        &self,
        id: &str,
        usage: KeyUse,
        clear: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Sealed, TokenError> {
        self.seal_for(&associated(id, usage), clear, rng)
    }

    /// Seals something that opens with the same associated data alone, which says what it is and whose.
    pub(super) fn seal_for(
        &self,
        associated: &[u8],
        clear: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Sealed, TokenError> {
        let mut nonce = [0_u8; NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        // Reserved in full, so that the clear text is not left behind by a reallocation.
        let mut body = Vec::with_capacity(clear.len() + TAG_LEN);
        body.extend_from_slice(clear);
        self.first
            .key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(associated), &mut body)
            .map_err(|_| TokenError::Cryptography("a secret could not be sealed"))?;
        let mut bytes = nonce.to_vec();
        bytes.append(&mut body);
        Ok(Sealed { kek_id: self.first.id.clone(), bytes })
    }

    /// Opens what was sealed for that key, under its name and for its use alone.
    pub(super) fn open(&self, key: &SealedKey) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        let erased = || TokenError::Damaged { kid: key.id.clone(), fault: "it was revoked and erased" };
        let sealed = key.sealed.as_ref().ok_or_else(erased)?;
        self.open_for(&associated(&key.id, key.usage), sealed).ok_or_else(|| TokenError::Sealed {
            kid: key.id.clone(),
            kek_id: sealed.kek_id.clone(),
            configured: self.shown_ids(),
        })
    }

    /// Opens what was sealed with that associated data; `None` when no configured key does.
    pub(super) fn open_for(&self, associated: &[u8], sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let mut fitting = self.all().filter(|kek| kek.id == sealed.kek_id);
        fitting.find_map(|kek| kek.open(associated, &sealed.bytes))
    }

    /// The id of the one that seals.
    pub(super) fn sealer(&self) -> &str {
        &self.first.id
    }

    /// The ids of all, the sealing one first.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.all().map(|kek| kek.id.as_str())
    }

    /// The same, for an error.
    pub(super) fn shown_ids(&self) -> String {
        self.ids().collect::<Vec<_>>().join(", ")
    }

    fn all(&self) -> impl Iterator<Item = &KeyEncryptionKey> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl KeyEncryptionKey {
    fn new(bytes: &[u8]) -> Result<Self, TokenError> {
        let id = TokenHash::of(&Zeroizing::new([ID_DOMAIN, bytes].concat())).log_prefix();
        let key = UnboundKey::new(&AES_256_GCM, bytes)
            .map_err(|_| TokenError::Cryptography("a key-encryption key was refused"))?;
        Ok(Self { id, key: LessSafeKey::new(key) })
    }

    fn open(&self, associated: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self.key.open_in_place(nonce, Aad::from(associated), &mut body).ok()?.len();
        body.truncate(length);
        Some(body)
    }
}

/// What a sealed key is bound to: its kind, use and name.
fn associated(id: &str, usage: KeyUse) -> Vec<u8> {
    let kind = match usage {
        KeyUse::Signing(_) => "vestibule signing key",
        KeyUse::Refresh | KeyUse::Throttle => "vestibule secret key",
    };
    [kind, usage.as_str(), id].join("\0").into_bytes()
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty");
    }
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    let bytes = GeneralPurpose::new(alphabet, config).decode(text).map_err(|_| "it is not base64")?;
    let bytes = Zeroizing::new(bytes);
    match bytes.len() {
        KEK_LEN if bytes.windows(2).all(|pair| pair.first() == pair.last()) => {
            Err("it is one byte repeated, which is a placeholder and no secret")
        }
        KEK_LEN => Ok(bytes),
        length if length < KEK_LEN => Err("it has fewer than 32 bytes"),
        _ => Err("it has more than 32 bytes"),
    }
}
