//! An account follows what its provider says, at each sign-in.
//!
//! Owns: roles from the mapping, the name where it is to follow, the note of the use, and its tokens. Does not own: which roles and
//! names those are (`model/provider`).

use crate::accounts::{Accounts, External};
use crate::model::person::User;
use crate::model::provider::Updated;
use crate::model::revocation::Revocation;
use crate::protocol::time::Timestamp;
use crate::store::StoreError;

impl Accounts<'_> {
    /// Brings the account up to date; the person as they are then.
    ///
    /// # Errors
    /// When a store fails.
    pub(super) async fn bring_up_to_date(
        &self,
        external: External<'_>,
        mut user: User,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        let External { provider, key, profile, .. } = external;
        let roles = provider.roles.applied(&user.roles, &profile.roles);
        let mut changed = false;
        if roles != user.roles {
            changed |= self.users.set_roles(user.id, &roles, now).await?;
            tracing::info!(user_id = %user.id, provider = provider.id.as_str(), "roles follow the provider");
            user.roles = roles;
        }
        let name = profile.name.as_ref().filter(|_| provider.update.contains(&Updated::Name));
        if let Some(name) = name.filter(|name| user.name.as_ref() != Some(name)) {
            changed |= self.users.set_name(user.id, name, now).await?;
            user.name = Some(name.clone());
        }
        if changed {
            // What this instance remembers of them is out of date at once.
            self.negative.note(&Revocation::of_change(user.id, now));
        }
        self.identities.touch(key, profile.label().as_deref(), now).await?;
        self.keep(external).await?;
        Ok(user)
    }
}
