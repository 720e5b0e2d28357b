//! Providers' tokens at rest.
//!
//! Owns: what is sealed of them, that they open as those of their identity alone, and sealing them anew. Does not own:
//! the cipher (`seal`), or where they are kept (`store`).

use std::collections::HashSet;

use rand::CryptoRng;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::{system_rng, uuid_v7};
use crate::model::identity::IdentityKey;
use crate::model::provider_tokens::{ProviderTokens, SealedTokens};
use crate::model::sealed_key::Sealed;
use crate::protocol::time::Timestamp;
use crate::store::ProviderTokenStore;
use crate::tokens::chest::{KeyChest, Resealed};
use crate::tokens::seal::KeyEncryptionKeys;
use crate::tokens::{TokenError, Tokens};

/// Rows that are sealed anew between two looks at what is left.
const AT_ONCE: u64 = 200;
/// How often in a row a look finds only what others change at that very moment.
const TRIES: u32 = 8;

/// What is sealed, as JSON.
#[derive(Serialize)]
struct Written<'a> {
    access_token: &'a str,
    refresh_token: Option<&'a str>,
    scope: &'a str,
    expires_at: Option<Timestamp>,
}

/// The same, opened.
#[derive(Deserialize)]
struct Read {
    access_token: SecretString,
    refresh_token: Option<SecretString>,
    scope: String,
    expires_at: Option<Timestamp>,
}

impl Tokens {
    /// Seals the tokens of an identity.
    ///
    /// # Errors
    /// When the cryptographic library refuses.
    pub fn seal_provider_tokens(
        &self,
        key: &IdentityKey,
        tokens: &ProviderTokens,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<SealedTokens, TokenError> {
        let clear = Zeroizing::new(write(tokens)?);
        Ok(SealedTokens {
            revision: uuid_v7(now, rng),
            scope: tokens.scope.clone(),
            expires_at: tokens.expires_at,
            refreshable: tokens.refresh_token.is_some(),
            sealed: self.keks.seal_for(&associated(key), &clear, rng)?,
        })
    }

    /// Opens the tokens of an identity.
    ///
    /// # Errors
    /// When no configured key-encryption key opens them as those of this identity.
    pub fn open_provider_tokens(&self, key: &IdentityKey, sealed: &Sealed) -> Result<ProviderTokens, TokenError> {
        let clear = open(&self.keks, key, sealed)?;
        let damaged = |_| TokenError::Damaged { kid: name(key), fault: "what is sealed are no tokens" };
        let Read { access_token, refresh_token, scope, expires_at } =
            serde_json::from_slice(&clear).map_err(damaged)?;
        Ok(ProviderTokens { access_token, refresh_token, scope, expires_at })
    }
}

impl KeyChest<'_> {
    /// [`KeyChest::reseal`], of providers' tokens.
    ///
    /// # Errors
    /// When the store fails, or no configured key-encryption key opens some tokens: the others are sealed anew all the
    /// same.
    pub async fn reseal_provider_tokens(&self, store: &dyn ProviderTokenStore) -> Result<Resealed, TokenError> {
        let keks = self.keks();
        let (mut changed, mut in_vain) = (0, 0);
        let mut closed = HashSet::new();
        let mut fault = None;
        while in_vain < TRIES {
            // What does not open comes each time: it makes no room for others.
            let room = AT_ONCE.saturating_add(u64::try_from(closed.len()).unwrap_or(u64::MAX));
            let mut rest = store.sealed_by_others(keks.sealer(), room).await?;
            rest.retain(|kept| !closed.contains(&kept.key));
            if rest.is_empty() {
                let total = store.count().await?;
                return fault.map_or(Ok(Resealed { changed, total }), Err);
            }
            let before = changed;
            for kept in rest {
                let clear = match open(keks, &kept.key, &kept.tokens.sealed) {
                    Ok(clear) => clear,
                    Err(error) => {
                        fault.get_or_insert(error);
                        closed.insert(kept.key);
                        continue;
                    }
                };
                let sealed = keks.seal_for(&associated(&kept.key), &clear, &mut system_rng())?;
                changed += usize::from(store.reseal(&kept, &sealed).await?);
            }
            in_vain = if changed == before { in_vain + 1 } else { 0 };
        }
        Err(TokenError::Contended)
    }
}

fn open(keks: &KeyEncryptionKeys, key: &IdentityKey, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, TokenError> {
    keks.open_for(&associated(key), sealed).ok_or_else(|| TokenError::SealedTokens {
        of: name(key),
        kek_id: sealed.kek_id.clone(),
        configured: keks.shown_ids(),
    })
}

/// Reserved in full, so that no token is left behind by a reallocation.
fn write(tokens: &ProviderTokens) -> Result<Vec<u8>, TokenError> {
    let access_token = tokens.access_token.expose_secret();
    let refresh_token = tokens.refresh_token.as_ref().map(SecretString::expose_secret);
    // Six bytes for a character are the most that JSON needs.
    let longest = 6 * (access_token.len() + refresh_token.map_or(0, str::len) + tokens.scope.len()) + 128;
    let mut bytes = Vec::with_capacity(longest);
    let written = Written { access_token, refresh_token, scope: &tokens.scope, expires_at: tokens.expires_at };
    serde_json::to_writer(&mut bytes, &written)
        .map_err(|_| TokenError::Cryptography("tokens could not be written down"))?;
    Ok(bytes)
}

/// What they are and whose. No part of a key has a control character.
fn associated(key: &IdentityKey) -> Vec<u8> {
    ["vestibule provider tokens", key.provider.as_str(), &key.issuer, &key.subject].join("\0").into_bytes()
}

/// Whose they are, for the log.
fn name(key: &IdentityKey) -> String {
    format!("an identity at {} ({})", key.provider, key.handle())
}
