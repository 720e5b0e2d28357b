//! People as this instance knows them, for requests that only look at them.
//!
//! Owns: that memory, and that nobody stays in it who changed. Does not own: which changes there are
//! (`negative_list` tells), and nothing that is decided by a password: it is not kept here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;

use crate::model::person::User;
use crate::protocol::ids::UserId;
use crate::store::{StoreError, UserStore};

/// People remembered, about half a KiB each. Who is asked for least makes room.
const PEOPLE: usize = 8_192;

/// People by id.
pub struct People {
    users: Arc<dyn UserStore>,
    known: Cache<UserId, Arc<User>>,
    /// How often somebody was forgotten.
    forgotten: AtomicU64,
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People").finish_non_exhaustive()
    }
}

impl People {
    /// Nobody yet.
    #[must_use]
    pub fn new(users: Arc<dyn UserStore>) -> Self {
        Self { users, known: Cache::new(PEOPLE), forgotten: AtomicU64::new(0) }
    }

    /// By id, without the password. A change is seen here as soon as the negative list is caught up with it;
    /// while that list is stale, so is this: who asks both asks it first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, id: UserId) -> Result<Option<Arc<User>>, StoreError> {
        if let Some(user) = self.known.get(&id) {
            return Ok(Some(user));
        }
        self.remember(id, self.users.find(id)).await
    }

    async fn remember(
        &self,
        id: UserId,
        read: impl Future<Output = Result<Option<User>, StoreError>> + Send,
    ) -> Result<Option<Arc<User>>, StoreError> {
        let before = self.forgotten.load(Ordering::SeqCst);
        let Some(user) = read.await? else { return Ok(None) };
        let user = Arc::new(User { password: None, ..user });
        self.known.insert(id, Arc::clone(&user));
        // Who was forgotten meanwhile may have been read before the change. Whoever forgets counts first and
        // removes then: one of the two removals comes after the insertion.
        if self.forgotten.load(Ordering::SeqCst) != before {
            self.known.remove(&id);
        }
        Ok(Some(user))
    }

    /// Somebody changed.
    pub fn forget(&self, id: UserId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.known.remove(&id);
    }

    /// Anybody may have changed.
    pub fn forget_all(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.known.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::revocation::Revocation;
    use crate::store::NegativeList;
    use crate::store::contract::{Bench, samples};

    async fn bench() -> (Bench, Arc<People>, User) {
        let bench = Bench::sqlite().await;
        let people = Arc::new(People::new(Arc::clone(&bench.stores.users)));
        let user = User { disabled: false, ..samples::user() };
        bench.stores.users.insert(&user).await.unwrap();
        (bench, people, user)
    }

    async fn roles_known(people: &People, user: &User) -> usize {
        people.find(user.id).await.unwrap().unwrap().roles.len()
    }

    #[tokio::test]
    async fn a_change_is_seen_when_the_list_is_caught_up_with_it_and_not_before() {
        let (bench, people, user) = bench().await;
        let list = NegativeList::new(Arc::clone(&bench.stores.revocations), Arc::clone(&people));
        list.catch_up(samples::START).await.unwrap();
        assert_eq!(roles_known(&people, &user).await, user.roles.len());
        assert!(bench.stores.users.set_roles(user.id, &[], samples::START).await.unwrap());
        assert_eq!(roles_known(&people, &user).await, user.roles.len(), "it is remembered");
        list.catch_up(samples::START).await.unwrap();
        assert_eq!(roles_known(&people, &user).await, 0);
    }

    #[tokio::test]
    async fn what_this_instance_ends_is_seen_here_at_once() {
        let (bench, people, user) = bench().await;
        let list = NegativeList::new(Arc::clone(&bench.stores.revocations), Arc::clone(&people));
        assert!(!people.find(user.id).await.unwrap().unwrap().disabled);
        assert!(bench.stores.users.set_disabled(user.id, true, samples::START).await.unwrap());
        list.note(&Revocation::of_person(user.id, samples::START));
        assert!(people.find(user.id).await.unwrap().unwrap().disabled);
    }

    #[tokio::test]
    async fn who_changes_while_they_are_read_is_not_remembered() {
        let (bench, people, user) = bench().await;
        for forget in [|people: &People, id| people.forget(id), |people: &People, _| people.forget_all()] {
            let read = async {
                let old = bench.stores.users.find(user.id).await;
                assert!(bench.stores.users.set_disabled(user.id, true, samples::START).await.unwrap());
                forget(&people, user.id);
                old
            };
            assert!(!people.remember(user.id, read).await.unwrap().unwrap().disabled);
            assert!(people.find(user.id).await.unwrap().unwrap().disabled, "what was read is old");
            assert!(bench.stores.users.set_disabled(user.id, false, samples::START).await.unwrap());
            people.forget(user.id);
        }
    }

    #[tokio::test]
    async fn a_list_that_was_stale_forgets_everybody() {
        let (bench, people, user) = bench().await;
        assert_eq!(roles_known(&people, &user).await, user.roles.len());
        assert!(bench.stores.users.set_roles(user.id, &[], samples::START).await.unwrap());
        bench.stores.durable.sweep(samples::START.plus(std::time::Duration::from_hours(1))).await.unwrap();
        let list = NegativeList::new(Arc::clone(&bench.stores.revocations), Arc::clone(&people));
        list.catch_up(samples::START).await.unwrap();
        assert_eq!(roles_known(&people, &user).await, 0, "the entry that tells it is gone");
    }

    #[tokio::test]
    async fn no_password_is_remembered() {
        let (_bench, people, user) = bench().await;
        assert!(user.password.is_some());
        assert!(people.find(user.id).await.unwrap().unwrap().password.is_none());
        assert!(people.find(user.id).await.unwrap().unwrap().password.is_none());
    }
}
