//! An account is made for somebody who came for the first time.
//!
//! Owns: trying usernames until one is free. Does not own: whether an account is made (`model/joining`).

use rand::CryptoRng;

use crate::accounts::{Accounts, External};
use crate::clock::uuid_v7;
use crate::model::newcomer::Newcomer;
use crate::model::person::User;
use crate::protocol::ids::UserId;
use crate::protocol::time::Timestamp;
use crate::store::{PersonCreated, StoreError};

/// One above the largest number behind a username, for each try: the first goes without.
const NUMBERS: [u32; 6] = [10_000, 10_000, 1_000_000, 100_000_000, 100_000_000, 100_000_000];

impl Accounts<'_> {
    /// Makes the account, with its identity; `None` when somebody else got the identity or the address meanwhile, so
    /// that it has to be decided anew.
    ///
    /// # Errors
    /// When the store fails, or every name that was tried is taken.
    pub(super) async fn create(
        &self,
        external: External<'_>,
        newcomer: &Newcomer,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<User>, StoreError> {
        let id = UserId(uuid_v7(now, rng));
        let identity = external.identity(id, now);
        let mut number = None;
        for below in NUMBERS {
            let user = newcomer.person(id, newcomer.username(number), now);
            match self.identities.create(&user, &identity).await? {
                PersonCreated::New => {
                    self.keep(external).await?;
                    let provider = external.provider.id.as_str();
                    tracing::info!(user_id = %id, provider, "person made by their first sign-in");
                    return Ok(Some(user));
                }
                PersonCreated::UsernameTaken => number = Some(rng.next_u32() % below),
                PersonCreated::EmailTaken | PersonCreated::IdentityTaken => return Ok(None),
            }
        }
        Err(StoreError::new("making a person", "every username that was tried is taken"))
    }
}
