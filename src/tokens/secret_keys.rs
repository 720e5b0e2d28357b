//! Symmetric keys: the first of a purpose is made here, all are unsealed at the start.
//!
//! Owns: that, for every purpose. Does not own: what they key (`refresh`, `pseudonyms`), sealing (`seal`).

use rand::Rng as _;
use zeroize::Zeroizing;

use crate::clock::{Clock, system_rng};
use crate::model::secret_key::{Purpose, SealedSecretKey};
use crate::store::KeyStore;
use crate::tokens::TokenError;
use crate::tokens::seal::KeyEncryptionKeys;

/// Bytes of a key.
pub(super) const KEY_LEN: usize = 32;

/// One in the clear.
pub(super) struct SecretKey {
    pub(super) id: String,
    pub(super) key: Zeroizing<Vec<u8>>,
}

/// Opens every stored key of that purpose, newest first, and makes the first where there is none. What was
/// made is read back, so that of two instances that start together both use the key that the store kept.
pub(super) async fn open(
    keks: &KeyEncryptionKeys,
    purpose: Purpose,
    store: &dyn KeyStore,
    clock: &dyn Clock,
) -> Result<Vec<SecretKey>, TokenError> {
    let mut stored = store.list_secret(purpose).await?;
    if stored.is_empty() {
        store.insert_first_secret(&generate(keks, purpose, clock)?).await?;
        stored = store.list_secret(purpose).await?;
    }
    stored.iter().map(|key| unseal(keks, key)).collect()
}

fn generate(keks: &KeyEncryptionKeys, purpose: Purpose, clock: &dyn Clock) -> Result<SealedSecretKey, TokenError> {
    let mut rng = system_rng();
    let mut key = Zeroizing::new([0_u8; KEY_LEN]);
    rng.fill_bytes(key.as_mut_slice());
    let id = format!("{:08x}", rng.next_u32());
    let (kek_id, sealed) = keks.seal_secret(&id, purpose, key.as_slice(), &mut rng)?;
    Ok(SealedSecretKey { id, purpose, kek_id, sealed, created_at: clock.now() })
}

fn unseal(keks: &KeyEncryptionKeys, stored: &SealedSecretKey) -> Result<SecretKey, TokenError> {
    let key = keks.open_secret(&stored.id, stored.purpose, &stored.kek_id, &stored.sealed)?;
    if key.len() != KEY_LEN {
        return Err(TokenError::Damaged { kid: stored.id.clone(), fault: "it is not 32 bytes long" });
    }
    Ok(SecretKey { id: stored.id.clone(), key })
}
