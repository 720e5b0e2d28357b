//! The keys of this process at one moment: opened once, parsed once, each with its turn.
//!
//! Owns: which key signs now, which is known by which name, what is published. Does not own: key material
//! (`key_pair`, `refresh`), the life of a key (`model/key_line`), following the store (`follow`).

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::key_line::{KeyLine, KeyState, turn, uses};
use crate::model::sealed_key::{KeyUse, SealedKey};
use crate::model::signing_key::Algorithm;
use crate::protocol::time::Timestamp;
use crate::tokens::key_pair::{self, SigningKey};
use crate::tokens::refresh::{MacKey, MacKeys};
use crate::tokens::seal::KeyEncryptionKeys;
use crate::tokens::verified::Verified;
use crate::tokens::{TokenError, jwk};

/// A key that is not revoked.
#[derive(Debug)]
struct Held {
    key: Arc<SigningKey>,
    /// Whether what it signed is accepted; if not, it is known for hints alone.
    published: bool,
}

/// Every key. Nothing in it changes: a keyring is replaced by another.
#[derive(Debug)]
pub(super) struct Keyring {
    /// What it was made of.
    stored: Vec<SealedKey>,
    by_kid: HashMap<String, Held>,
    /// The kids of an algorithm, in the order of their numbers.
    signing: HashMap<Algorithm, Vec<(Timestamp, String)>>,
    mac: MacKeys,
    jwks: String,
    /// When what is published changes by itself.
    changes_at: Timestamp,
    /// What these very keys were found to have signed.
    verified: Verified,
}

impl Keyring {
    /// Opens what was stored, keys of `before` as they are. What does not open is left out, and why is told.
    pub(super) fn make(
        keks: &KeyEncryptionKeys,
        stored: Vec<SealedKey>,
        before: Option<&Self>,
        now: Timestamp,
    ) -> Result<(Self, Vec<TokenError>), TokenError> {
        let mut ring = Self {
            stored: Vec::new(),
            by_kid: HashMap::new(),
            signing: HashMap::new(),
            mac: MacKeys::default(),
            jwks: String::new(),
            changes_at: Timestamp::from_millis(i64::MAX),
            verified: Verified::new(),
        };
        let mut faults = Vec::new();
        let mut published = Vec::new();
        for usage in uses(&stored) {
            let line = KeyLine::of(&stored, usage);
            for key in line.keys().filter(|key| key.revoked_at.is_none()) {
                let state = line.state(key, now);
                if state == KeyState::Gone {
                    continue;
                }
                match ring.take(keks, key, state, before) {
                    Ok(Some(signing)) if state.is_good() => {
                        ring.changes_at = ring.changes_at.min(line.good_until(key));
                        published.push((state != KeyState::Active, signing));
                    }
                    Ok(_) => {}
                    Err(fault) => faults.push(fault),
                }
            }
        }
        // Who takes the first key that fits should get the one that signs.
        published.sort_by_key(|(waits, _)| *waits);
        ring.jwks = jwk::set(published.iter().map(|(_, key)| key.as_ref()))?;
        ring.stored = stored;
        Ok((ring, faults))
    }

    /// Takes one key in; a signing key is given back.
    fn take(
        &mut self,
        keks: &KeyEncryptionKeys,
        stored: &SealedKey,
        state: KeyState,
        before: Option<&Self>,
    ) -> Result<Option<Arc<SigningKey>>, TokenError> {
        match stored.usage {
            // Whoever makes names has it open (`pseudonyms`).
            KeyUse::Throttle => Ok(None),
            KeyUse::Refresh => {
                let known = before.and_then(|before| before.mac.find(&stored.id));
                let key = known.map_or_else(|| MacKey::open(keks, stored).map(Arc::new), |key| Ok(Arc::clone(key)))?;
                self.mac.add(stored.signs_from, key);
                Ok(None)
            }
            KeyUse::Signing(algorithm) => {
                let known = before.and_then(|before| before.by_kid.get(&stored.id));
                let key = known.map_or_else(|| open(keks, stored, algorithm), |held| Ok(Arc::clone(&held.key)))?;
                self.signing.entry(algorithm).or_default().push((stored.signs_from, stored.id.clone()));
                let held = Held { key: Arc::clone(&key), published: state.is_good() };
                self.by_kid.insert(stored.id.clone(), held);
                Ok(Some(key))
            }
        }
    }

    /// Whether it would be made the same again.
    pub(super) fn is_of(&self, stored: &[SealedKey], now: Timestamp) -> bool {
        let same = || self.stored.iter().zip(stored).all(|(one, other)| one.is_as_open(other));
        self.stored.len() == stored.len() && same() && !self.changes_at.is_over(now)
    }

    /// What it was made of.
    pub(super) fn stored(&self) -> &[SealedKey] {
        &self.stored
    }

    /// The JWK Set.
    pub(super) fn jwks(&self) -> &str {
        &self.jwks
    }

    /// The tokens whose signature was found good.
    pub(super) const fn verified(&self) -> &Verified {
        &self.verified
    }

    /// The keys of refresh tokens.
    pub(super) const fn mac(&self) -> &MacKeys {
        &self.mac
    }

    /// The one of an algorithm that signs.
    pub(super) fn signing(&self, algorithm: Algorithm, now: Timestamp) -> Option<&Arc<SigningKey>> {
        let turns = self.signing.get(&algorithm)?;
        let (_, kid) = turn(turns.iter(), |(signs_from, _)| *signs_from, now)?;
        self.by_kid.get(kid).map(|held| &held.key)
    }

    /// A published one by name.
    pub(super) fn find(&self, kid: &str) -> Option<&SigningKey> {
        self.by_kid.get(kid).filter(|held| held.published).map(|held| held.key.as_ref())
    }

    /// One by name that is known for hints at least.
    pub(super) fn find_for_hint(&self, kid: &str) -> Option<&SigningKey> {
        self.by_kid.get(kid).map(|held| held.key.as_ref())
    }

    /// Whether the store had a key of that name when it was read, good for anything or not.
    pub(super) fn has_heard_of(&self, id: &str) -> bool {
        self.stored.iter().any(|key| key.id == id)
    }

    /// Every signing key.
    #[cfg(test)]
    pub(super) fn keys(&self) -> impl Iterator<Item = &SigningKey> {
        self.by_kid.values().map(|held| held.key.as_ref())
    }
}

fn open(keks: &KeyEncryptionKeys, stored: &SealedKey, algorithm: Algorithm) -> Result<Arc<SigningKey>, TokenError> {
    let damaged = |fault| TokenError::Damaged { kid: stored.id.clone(), fault };
    let pkcs8 = keks.open(stored)?;
    let key = key_pair::parse(algorithm, &pkcs8).ok_or_else(|| damaged("it is no private key of its algorithm"))?;
    if key.kid != stored.id {
        return Err(damaged("its kid is not the thumbprint of its public key"));
    }
    Ok(Arc::new(key))
}
