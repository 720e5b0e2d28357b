//! The tokens that came with an identity are kept, or what was kept is forgotten.
//!
//! Owns: that it follows the configuration at each sign-in. Does not own: sealing (`tokens`), or giving them out
//! (`custody`).

use crate::accounts::{Accounts, External};
use crate::store::StoreError;

impl Accounts<'_> {
    /// After the identity opened, or was joined to, an account.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn keep(&self, external: External<'_>) -> Result<(), StoreError> {
        match external.tokens {
            // An identity that was unlinked this very moment has none.
            Some(tokens) => self.provider_tokens.put(external.key, tokens).await.map(drop),
            None => self.provider_tokens.forget(external.key).await,
        }
    }
}
