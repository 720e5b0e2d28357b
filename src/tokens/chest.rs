//! The stored keys and what opens them: making, following, revoking and resealing.
//!
//! Owns: carrying out what `model/key_line` decides, again where somebody else was faster. Does not own: what
//! is atomic (`store`), the keys that a server holds open (`keyring`).

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::clock::system_rng;
use crate::config;
use crate::model::key_line::{Ahead, Heir, KeyLine, KeyState, Next, Slot, uses};
use crate::model::sealed_key::{KeyUse, SealedKey};
use crate::protocol::time::Timestamp;
use crate::store::{KeyStore, Successor};
use crate::tokens::seal::KeyEncryptionKeys;
use crate::tokens::{TokenError, key_pair, refresh};

/// How often a decision is made anew when somebody else was faster.
const TRIES: u32 = 8;

/// The keys of one store.
pub struct KeyChest<'s> {
    keks: Arc<KeyEncryptionKeys>,
    store: &'s dyn KeyStore,
}

impl std::fmt::Debug for KeyChest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyChest").field("keks", &self.keks).finish_non_exhaustive()
    }
}

/// A key as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    /// `kid`, or the id of another key.
    pub id: String,
    /// What it is for.
    pub usage: KeyUse,
    /// Where it stands.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it signs, or first signed.
    pub signs_from: Timestamp,
    /// Which key-encryption key seals it; `None` once it was revoked.
    pub kek_id: Option<String>,
}

impl KeyFacts {
    fn of(line: &KeyLine<'_>, key: &SealedKey, now: Timestamp) -> Self {
        Self {
            id: key.id.clone(),
            usage: key.usage,
            state: line.state(key, now),
            created_at: key.created_at,
            signs_from: key.signs_from,
            kek_id: key.sealed.as_ref().map(|sealed| sealed.kek_id.clone()),
        }
    }
}

/// What came of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotated {
    /// A key was made.
    Made(KeyFacts),
    /// The one that was waiting signs sooner.
    Hastened(KeyFacts),
    /// One was waiting already, and signs no later.
    Waiting(KeyFacts),
}

impl Rotated {
    /// The key that signs next.
    #[must_use]
    pub const fn key(&self) -> &KeyFacts {
        match self {
            Self::Made(key) | Self::Hastened(key) | Self::Waiting(key) => key,
        }
    }
}

/// What came of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// It counts no more; and which key signs instead, where it did.
    Now(KeyUse, Option<String>),
    /// It was revoked before.
    Before,
    /// There is no such key.
    Unknown,
}

/// What came of resealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resealed {
    /// Sealed anew.
    pub changed: usize,
    /// Sealed with the first key-encryption key now: all of them.
    pub total: usize,
}

impl<'s> KeyChest<'s> {
    /// With these key-encryption keys.
    ///
    /// # Errors
    /// When one of them is none.
    pub fn new(keys: &config::Keys, store: &'s dyn KeyStore) -> Result<Self, TokenError> {
        Ok(Self::with(Arc::new(KeyEncryptionKeys::parse(&keys.encryption_keys)?), store))
    }

    pub(super) fn keks(&self) -> &KeyEncryptionKeys {
        &self.keks
    }

    pub(super) const fn with(keks: Arc<KeyEncryptionKeys>, store: &'s dyn KeyStore) -> Self {
        Self { keks, store }
    }

    /// The ids of the key-encryption keys, the sealing one first.
    pub fn kek_ids(&self) -> impl Iterator<Item = &str> {
        self.keks.ids()
    }

    /// Every key that anything depends on, the newest of each use first. Nothing is opened.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, now: Timestamp) -> Result<Vec<KeyFacts>, TokenError> {
        let keys = self.store.list().await?;
        let of = |usage| {
            let line = KeyLine::of(&keys, usage);
            line.keys().rev().map(|key| KeyFacts::of(&line, key, now)).collect::<Vec<_>>()
        };
        let all = uses(&keys).into_iter().flat_map(of);
        Ok(all.filter(|key| key.state != KeyState::Gone).collect())
    }

    /// Sees to it that another key signs. Of any number that ask for it at once, in any processes, one makes a
    /// key. Nothing is written unless every stored key opens.
    ///
    /// # Errors
    /// When the store fails, or no configured key-encryption key opens a stored key.
    pub async fn rotate(&self, usage: KeyUse, ahead: Ahead, now: Timestamp) -> Result<Rotated, TokenError> {
        for _ in 0..TRIES {
            let keys = self.open_all().await?;
            let line = KeyLine::of(&keys, usage);
            match line.rotation(usage, ahead, now) {
                Next::Waits(key) => return Ok(Rotated::Waiting(KeyFacts::of(&line, key, now))),
                Next::Hasten(key, signs_from) => {
                    if self.store.hasten(key, signs_from).await? {
                        let hastened = SealedKey { signs_from, ..key.clone() };
                        return Ok(Rotated::Hastened(KeyFacts::of(&line, &hastened, now)));
                    }
                }
                Next::Make(slot) => {
                    let key = self.make(usage, slot, now).await?;
                    if self.store.insert(&key).await? {
                        return Ok(Rotated::Made(KeyFacts::of(&line, &key, now)));
                    }
                }
            }
        }
        Err(TokenError::Contended)
    }

    /// Makes the first key of a use, where there is none.
    pub(super) async fn make_first(&self, usage: KeyUse, now: Timestamp) -> Result<(), TokenError> {
        let keys = self.open_all().await?;
        if let (None, Next::Make(slot)) = {
            let line = KeyLine::of(&keys, usage);
            (line.active(now), line.rotation(usage, Ahead::Usual, now))
        } {
            // That somebody else was faster is as good.
            self.store.insert(&self.make(usage, slot, now).await?).await?;
        }
        Ok(())
    }

    /// What is secret of the key of a use that was active first, which is made where there is none.
    pub(super) async fn oldest(&self, usage: KeyUse, now: Timestamp) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        self.make_first(usage, now).await?;
        let keys = self.store.list().await?;
        let good = KeyLine::of(&keys, usage).keys().find(|key| key.revoked_at.is_none());
        self.keks.open(good.ok_or(TokenError::Contended)?)
    }

    /// Ends a key at once: nothing that it signed counts any more. If it was the one that signs, another does
    /// from that very moment.
    ///
    /// # Errors
    /// As [`KeyChest::rotate`].
    pub async fn revoke(&self, id: &str, now: Timestamp) -> Result<Revoked, TokenError> {
        for _ in 0..TRIES {
            let keys = self.open_all().await?;
            let Some(key) = keys.iter().find(|key| key.id == id) else { return Ok(Revoked::Unknown) };
            if key.revoked_at.is_some() {
                return Ok(Revoked::Before);
            }
            let made;
            let successor = match KeyLine::of(&keys, key.usage).heir(key, now) {
                Heir::Another => None,
                Heir::Pending(pending) => Some(Successor::Pending(pending)),
                Heir::Make(slot) => {
                    made = self.make(key.usage, slot, now).await?;
                    Some(Successor::New(&made))
                }
            };
            if self.store.revoke(key, successor, now).await? {
                let successor = successor.map(|(Successor::Pending(key) | Successor::New(key))| key.id.clone());
                return Ok(Revoked::Now(key.usage, successor));
            }
        }
        Err(TokenError::Contended)
    }

    /// Seals with the first key-encryption key whatever another one sealed. Servers that run are not
    /// disturbed: they have the keys open.
    ///
    /// # Errors
    /// As [`KeyChest::rotate`]. Whatever was sealed anew until then stays so.
    pub async fn reseal(&self) -> Result<Resealed, TokenError> {
        let mut changed = 0;
        for _ in 0..TRIES {
            let keys = self.open_all().await?;
            let sealed_by_others = |key: &&SealedKey| self.is_sealed_by_another(key);
            let rest: Vec<&SealedKey> = keys.iter().filter(sealed_by_others).collect();
            if rest.is_empty() {
                let total = keys.iter().filter(|key| key.sealed.is_some()).count();
                return Ok(Resealed { changed, total });
            }
            for key in rest {
                let clear = self.keks.open(key)?;
                let sealed = self.keks.seal(&key.id, key.usage, &clear, &mut system_rng())?;
                changed += usize::from(self.store.reseal(key, &sealed).await?);
            }
        }
        Err(TokenError::Contended)
    }

    fn is_sealed_by_another(&self, key: &SealedKey) -> bool {
        key.sealed.as_ref().is_some_and(|sealed| sealed.kek_id != self.keks.sealer())
    }

    async fn open_all(&self) -> Result<Vec<SealedKey>, TokenError> {
        let keys = self.store.list().await?;
        for key in keys.iter().filter(|key| key.sealed.is_some()) {
            self.keks.open(key)?;
        }
        Ok(keys)
    }

    async fn make(&self, usage: KeyUse, slot: Slot, now: Timestamp) -> Result<SealedKey, TokenError> {
        let (id, clear) =
            match usage {
                KeyUse::Refresh | KeyUse::Throttle => refresh::generate(&mut system_rng()),
                // Too long for the event loop.
                KeyUse::Signing(algorithm) => tokio::task::spawn_blocking(move || key_pair::generate(algorithm))
                    .await
                    .map_err(|_| TokenError::Cryptography("making a signing key was interrupted"))??,
            };
        let sealed = Some(self.keks.seal(&id, usage, &clear, &mut system_rng())?);
        let Slot { number, signs_from } = slot;
        Ok(SealedKey { id, usage, number, sealed, created_at: now, signs_from, revoked_at: None })
    }
}
