//! Secrets that are random text: codes, session ids, transaction ids, client secrets.
//!
//! Owns: making them from a given source of randomness and the hash that is all a store may keep.
//! Does not own: what any of them opens.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// 32 random bytes as 43 characters of base64url. Never printed, never stored.
#[derive(Clone)]
pub struct OpaqueToken(Zeroizing<String>);

impl OpaqueToken {
    /// A fresh one.
    #[must_use]
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    /// Reads one that came back; `None` when it cannot be one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (text.len() == 43 && text.bytes().all(fits)).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The text, to be sent to its owner and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What a store may keep.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.as_bytes())
    }

    /// A token bound to this one and a purpose: HMAC-SHA-256 keyed by this secret. Nobody can make it
    /// without knowing this one, and it tells nothing about this one (CSRF tokens are made so).
    #[must_use]
    pub fn derive(&self, purpose: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(purpose).finalize().into_bytes())
    }

    /// Whether `presented` is [`OpaqueToken::derive`]d from this one for `purpose`; constant time.
    #[must_use]
    pub fn derived(&self, purpose: &str, presented: &str) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(presented) else { return false };
        self.mac(purpose).verify_slice(&bytes).is_ok()
    }

    /// Another secret, readable only with this one and the same purpose: a store may keep it. A purpose is used
    /// for one secret only, since the pad is the HMAC of [`OpaqueToken::derive`].
    #[must_use]
    pub fn hide(&self, purpose: &str, secret: &Self) -> String {
        let pad = self.mac(purpose).finalize().into_bytes();
        // What `parse` let in may hold bits that 32 bytes do not have; those are not ours, and nothing finds them.
        let bytes = URL_SAFE_NO_PAD.decode(secret.0.as_bytes()).unwrap_or_default();
        let hidden: Vec<u8> = bytes.iter().zip(pad).map(|(byte, pad)| byte ^ pad).collect();
        URL_SAFE_NO_PAD.encode(hidden)
    }

    /// The reverse of [`OpaqueToken::hide`]; `None` when the text cannot be one that was hidden.
    #[must_use]
    pub fn reveal(&self, purpose: &str, hidden: &str) -> Option<Self> {
        let pad = self.mac(purpose).finalize().into_bytes();
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(hidden).ok().filter(|bytes| bytes.len() == pad.len())?);
        let shown = Zeroizing::new(bytes.iter().zip(pad).map(|(byte, pad)| byte ^ pad).collect::<Vec<u8>>());
        Some(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(shown.as_slice()))))
    }

    fn mac(&self, purpose: &str) -> Hmac<Sha256> {
        // HMAC takes a key of any length; the digest as key keeps that visible in the types.
        let key = Sha256::digest(self.0.as_bytes());
        let mut mac = Hmac::<Sha256>::new(&key_block(&key));
        mac.update(purpose.as_bytes());
        mac
    }
}

fn key_block(key: &[u8]) -> hmac::digest::Key<Hmac<Sha256>> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    for (slot, byte) in block.iter_mut().zip(key) {
        *slot = *byte;
    }
    block
}

impl fmt::Debug for OpaqueToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpaqueToken(***)")
    }
}

/// SHA-256 of a secret: what stores keep and look up by. Serialised as base64url.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Of any secret text.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// From 64 hexadecimal characters, lower case (as in `client_secret_hash = "sha256:…"`).
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digit = |byte: &u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        if text.len() != 64 {
            return None;
        }
        let mut out = [0_u8; 32];
        for (slot, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *slot = digit(high)? << 4 | digit(low)?;
        }
        Some(Self(out))
    }

    /// 64 hexadecimal characters, lower case.
    #[must_use]
    pub fn to_hex(&self) -> String {
        use std::fmt::Write as _;
        self.0.iter().fold(String::with_capacity(64), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
    }

    /// base64url, 43 characters: the key in a store.
    #[must_use]
    pub fn to_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The reverse of [`TokenHash::to_key`].
    #[must_use]
    pub fn from_key(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// Eight hexadecimal characters for a log line: enough to compare, too little to look up by.
    #[must_use]
    pub fn log_prefix(&self) -> String {
        self.to_hex().chars().take(8).collect()
    }

    /// Equality in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenHash({})", self.log_prefix())
    }
}

impl Serialize for TokenHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_key())
    }
}

impl<'de> Deserialize<'de> for TokenHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_key(&text).ok_or_else(|| serde::de::Error::custom("not a token hash"))
    }
}
