//! The negative list as this instance knows it: every entry in memory, never older than it says.
//!
//! Owns: catching up with the store, telling `people` who changed, and refusing to answer from a list that is
//! too old. Does not own: what an entry covers (`model/revocation`), how often it catches up (`startup`),
//! writing entries (the stores that end things).

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use crate::clock::monotonic;
use crate::model::revocation::{Revocation, Revoked, RevokedSet};
use crate::protocol::access_token::AccessTokenClaims;
use crate::protocol::ids::{ClientId, SessionId};
use crate::protocol::time::Timestamp;
use crate::store::{People, RevocationStore, StoreError};

/// Each fetch reads again what came in this span: in PostgreSQL a lower number can become visible after a
/// higher one, within the longest transaction.
const AGAIN: Duration = Duration::from_secs(30);

/// A list that was not fetched for longer is not believed.
const OLDEST: Duration = Duration::from_secs(10);

/// The list was not fetched for too long: what it does not name may be revoked all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the list of revoked tokens is older than {} s", OLDEST.as_secs())]
pub struct Stale;

/// Every entry.
pub struct NegativeList {
    store: Arc<dyn RevocationStore>,
    people: Arc<People>,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    set: RevokedSet,
    /// When a fetch began, and the highest number known after it; the oldest first.
    fetched: VecDeque<(Instant, i64)>,
    /// The highest number that no fetch needs to read again.
    settled: i64,
}

impl State {
    fn is_stale(&self, at: Instant) -> bool {
        self.fetched.back().is_none_or(|(last, _)| at.saturating_duration_since(*last) > OLDEST)
    }

    /// Notes a fetch, and from which number the next one reads.
    fn note_fetch(&mut self, began: Instant, highest: i64) {
        let known = self.fetched.back().map_or(self.settled, |(_, highest)| *highest);
        self.fetched.push_back((began, highest.max(known)));
        while let Some((at, highest)) = self.fetched.front().copied()
            && began.saturating_duration_since(at) > AGAIN
        {
            self.settled = highest;
            self.fetched.pop_front();
        }
    }
}

impl std::fmt::Debug for NegativeList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NegativeList").finish_non_exhaustive()
    }
}

impl NegativeList {
    /// A list that knows nothing yet, and the people whose changes it tells: it is stale until [`NegativeList::catch_up`].
    #[must_use]
    pub fn new(store: Arc<dyn RevocationStore>, people: Arc<People>) -> Self {
        Self { store, people, state: RwLock::default() }
    }

    /// Fetches what it does not know.
    ///
    /// # Errors
    /// When the store fails; the list is as old as it was then.
    pub async fn catch_up(&self, now: Timestamp) -> Result<(), StoreError> {
        // Before the question: what is committed after it is not in the answer.
        let began = monotonic();
        let settled = self.read().settled;
        let entries = self.store.since(settled).await?;
        let mut state = self.write();
        if state.is_stale(began) {
            // What came and went meanwhile is not among the entries.
            self.people.forget_all();
        }
        let highest = entries.iter().map(|(number, _)| *number).max().unwrap_or(settled);
        for (_, entry) in entries.iter().filter(|(_, entry)| !entry.expires_at.is_over(now)) {
            state.set.add(entry);
        }
        for (_, entry) in &entries {
            self.tell(entry);
        }
        state.set.forget(now);
        state.note_fetch(began, highest);
        Ok(())
    }

    /// Adds an entry that this instance has just committed: it counts here at once.
    pub fn note(&self, entry: &Revocation) {
        self.write().set.add(entry);
        self.tell(entry);
    }

    fn tell(&self, entry: &Revocation) {
        if let Revoked::Person(person) = entry.what {
            self.people.forget(person);
        }
    }

    /// Whether a token with these claims, whose signature and expiry are good, is on the list.
    ///
    /// # Errors
    /// [`Stale`] when the list may lack what other instances added.
    pub fn covers(&self, claims: &AccessTokenClaims) -> Result<bool, Stale> {
        let state = self.read();
        // What it names is revoked however old it is.
        let covered = state.set.covers(claims);
        if !covered && state.is_stale(monotonic()) { Err(Stale) } else { Ok(covered) }
    }

    /// Whether that session was signed out, as far as is known.
    #[must_use]
    pub fn has_ended(&self, session: SessionId) -> bool {
        self.read().set.has(&Revoked::Session(session))
    }

    /// Whether that client lost, after that instant, all that it had, as far as is known.
    #[must_use]
    pub fn has_client_ended(&self, client: &ClientId, since: Timestamp) -> bool {
        self.read().set.has_ended_since(&Revoked::Client(client.clone()), since)
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use uuid::Uuid;

    use super::*;
    use crate::protocol::access_token::Audience;
    use crate::protocol::claims::Claims;
    use crate::protocol::ids::GrantId;
    use crate::protocol::scope::Scopes;
    use crate::store::contract::Bench;

    #[test]
    fn a_list_is_stale_before_its_first_fetch_and_ten_seconds_after_its_last() {
        let start = monotonic();
        let mut state = State::default();
        assert!(state.is_stale(start));
        state.note_fetch(start, 0);
        assert!(!state.is_stale(start + OLDEST));
        assert!(state.is_stale(start + OLDEST + Duration::from_millis(1)));
    }

    #[test]
    fn each_fetch_reads_the_last_thirty_seconds_again() {
        let start = monotonic();
        let mut state = State::default();
        for second in 0..60 {
            let number = i64::try_from(second).unwrap() * 10;
            state.note_fetch(start + Duration::from_secs(second), number);
            let settled = second.checked_sub(31).map_or(0, |second| i64::try_from(second).unwrap() * 10);
            assert_eq!(state.settled, settled, "{second}");
        }
        assert!(state.fetched.len() <= 32);
    }

    #[test]
    fn a_fetch_that_finds_nothing_goes_back_behind_nothing() {
        let start = monotonic();
        let mut state = State::default();
        state.note_fetch(start, 7);
        state.note_fetch(start + Duration::from_secs(40), 0);
        assert_eq!((state.settled, state.fetched.back().map(|(_, highest)| *highest)), (7, Some(7)));
    }

    /// A store with these entries, or none that answers.
    struct Entries(Option<Vec<(i64, Revocation)>>);

    #[async_trait]
    impl RevocationStore for Entries {
        async fn add(&self, _: &Revocation) -> Result<(), StoreError> {
            unreachable!("the list only reads")
        }

        async fn since(&self, after: i64) -> Result<Vec<(i64, Revocation)>, StoreError> {
            let all = self.0.as_ref().ok_or_else(|| StoreError::new("reading", "the database is away"))?;
            Ok(all.iter().filter(|(number, _)| *number > after).cloned().collect())
        }
    }

    fn token(grant: u128) -> AccessTokenClaims {
        let grant = GrantId(Uuid::from_u128(grant));
        AccessTokenClaims {
            iss: String::new(),
            sub: String::new(),
            aud: Audience::One(String::new()),
            exp: 600,
            iat: 0,
            jti: AccessTokenClaims::jti(Some(grant), Uuid::from_u128(9)),
            client_id: "web".to_owned(),
            scope: Scopes::default(),
            userinfo_claims: Claims::default(),
            authentication: None,
        }
    }

    fn entry(grant: u128) -> Revocation {
        Revocation::of_grant(GrantId(Uuid::from_u128(grant)), NOW)
    }

    async fn list_of(entries: Entries) -> NegativeList {
        let users = Arc::clone(&Bench::sqlite().await.stores.users);
        NegativeList::new(Arc::new(entries), Arc::new(People::new(users)))
    }

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    #[tokio::test]
    async fn what_was_fetched_or_noted_is_covered_and_nothing_else() {
        let list = list_of(Entries(Some(vec![(4, entry(1))]))).await;
        list.catch_up(NOW).await.unwrap();
        list.note(&entry(2));
        let covers = |grant| list.covers(&token(grant));
        assert_eq!((covers(1), covers(2), covers(3)), (Ok(true), Ok(true), Ok(false)));
    }

    #[tokio::test]
    async fn a_list_that_could_not_be_fetched_lets_nothing_pass_and_still_knows_what_it_knows() {
        let list = list_of(Entries(None)).await;
        assert!(list.catch_up(NOW).await.is_err());
        list.note(&entry(2));
        assert_eq!((list.covers(&token(2)), list.covers(&token(3))), (Ok(true), Err(Stale)));
    }
}
