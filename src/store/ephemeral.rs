//! The ephemeral aggregates, written once over a handful of primitives.
//!
//! Owns: keys, the envelope of a record, and when a record is over. Does not own: how a backend keeps
//! text (`sql/records`, `redis`).
//!
//! Every record carries the instant it is gone at, and that instant is held against our clock whenever
//! the record is read. A backend's own expiry only cleans up: it may be late and nothing changes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::model::code_grant::CodeGrant;
use crate::model::departure::Departure;
use crate::model::interaction::Interaction;
use crate::model::pending_join::PendingJoin;
use crate::model::session::Session;
use crate::model::upstream_session::{EndedThere, UpstreamSession};
use crate::protocol::opaque::TokenHash;
use crate::protocol::time::Timestamp;
use crate::store::{
    CodeStore, DepartureStore, InteractionStore, LogoutTokenStore, Maintenance, ParkedStore, PendingJoinStore,
    Returned, SessionStore, StoreError, Taken, ThrottleStore,
};

/// How long a transaction is kept after it is over, so that a new one can be made from it, and a departure, so that who
/// comes late from it is led there.
const KEPT: Duration = Duration::from_hours(24);

/// Which aggregate a record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Session,
    /// Lists of sessions.
    SessionsOf,
    Code,
    Interaction,
    Parked,
    Departure,
    Join,
    LogoutToken,
    Throttle,
}

impl Kind {
    /// The name in keys. It stays as it is: instances of two versions share a store.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::SessionsOf => "sessions_of",
            Self::Code => "code",
            Self::Interaction => "interaction",
            Self::Parked => "parked",
            Self::Departure => "departure",
            Self::Join => "join",
            Self::LogoutToken => "logout_token",
            Self::Throttle => "throttle",
        }
    }
}

/// Names one record. It holds a hash and cannot hold the secret.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) kind: Kind,
    pub(super) hash: &'a TokenHash,
}

/// How long a backend keeps a record: it may go at `until`; now it is `now`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    pub(super) until: Timestamp,
    pub(super) now: Timestamp,
}

/// What a backend does: it keeps text under keys, lists of hashes, and instants. Each operation is atomic, and none of them
/// asks a clock.
pub(super) trait Records: Send + Sync + 'static {
    /// Stores or replaces.
    fn put(&self, key: Key<'_>, value: String, keep: Keep) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Looks up.
    fn get(&self, key: Key<'_>) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;
    /// Finds and removes in one step: of any number at once, one gets it.
    fn take(&self, key: Key<'_>) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;
    /// Stores `new` if what is there is exactly `old`; of any number at once with the same `old`, one
    /// succeeds, and a record that is gone stays gone.
    fn replace(
        &self,
        key: Key<'_>,
        old: &str,
        new: String,
        keep: Keep,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Stores an empty text if there is nothing, over or not; of any number at once, one succeeds.
    fn claim(&self, key: Key<'_>, keep: Keep) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Puts a hash on a list, from which it may go at `keep.until`; one that is there stays there as long.
    fn enlist(
        &self,
        key: Key<'_>,
        member: &TokenHash,
        keep: Keep,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// The hashes on a list, perhaps some that are over.
    fn listed(&self, key: Key<'_>) -> impl Future<Output = Result<Vec<TokenHash>, StoreError>> + Send;
    /// Removes.
    fn remove(&self, key: Key<'_>) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// The instants under keys of that kind, in their order, over or not.
    fn instants(
        &self,
        kind: Kind,
        hashes: &[TokenHash],
    ) -> impl Future<Output = Result<Vec<Option<Timestamp>>, StoreError>> + Send;
    /// Moves each instant on by its span, counted from `now` where there is none or it is over; the record
    /// may go when its instant is over. Of any number at once, none is lost.
    fn advance(
        &self,
        kind: Kind,
        spans: &[(TokenHash, Duration)],
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Whether the backend answers now.
    fn ping(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Removes what went before `now`; the number removed.
    fn sweep(&self, now: Timestamp) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// A record as stored: JSON of the record and the instant from which it counts as gone.
#[derive(Debug, Serialize, Deserialize)]
struct Kept<T> {
    until: Timestamp,
    record: T,
}

/// The aggregates over one backend.
pub(super) struct Ephemeral<R> {
    records: R,
    clock: Arc<dyn Clock>,
}

impl<R: Records> Ephemeral<R> {
    pub(super) const fn new(records: R, clock: Arc<dyn Clock>) -> Self {
        Self { records, clock }
    }

    fn keep(&self, until: Timestamp) -> Keep {
        Keep { until, now: self.clock.now() }
    }

    /// The record, unless it is over. A text that is no record of this version counts as none: what is
    /// kept here may be lost, and "sign in again" is a better answer than a fault until it expires.
    fn read<T: DeserializeOwned>(&self, kind: Kind, text: &str) -> Option<T> {
        match serde_json::from_str::<Kept<T>>(text) {
            Ok(kept) => (!kept.until.is_over(self.clock.now())).then_some(kept.record),
            Err(error) => {
                // The message of serde may quote the value.
                let at = format!("{:?} at column {}", error.classify(), error.column());
                tracing::warn!(kind = kind.as_str(), at, "an ephemeral record could not be read and counts as lost");
                None
            }
        }
    }

    async fn store<T: Serialize>(&self, key: Key<'_>, record: T, until: Timestamp) -> Result<(), StoreError> {
        self.records.put(key, write(until, record)?, self.keep(until)).await
    }

    async fn find<T: DeserializeOwned>(&self, key: Key<'_>) -> Result<Option<T>, StoreError> {
        Ok(self.records.get(key).await?.and_then(|text| self.read(key.kind, &text)))
    }

    async fn take<T: DeserializeOwned>(&self, key: Key<'_>) -> Result<Option<T>, StoreError> {
        Ok(self.records.take(key).await?.and_then(|text| self.read(key.kind, &text)))
    }

    /// Compare-and-set on the stored text. Usually that text is what this version writes for `old`. A
    /// record written by another version may say the same in other words (a field more): then the text
    /// that is there is read, and if it means `old`, exactly that text is replaced.
    async fn exchange<T>(&self, key: Key<'_>, old: (&T, Timestamp), new: (&T, Timestamp)) -> Result<bool, StoreError>
    where
        T: Serialize + DeserializeOwned + PartialEq + Sync,
    {
        let keep = self.keep(new.1);
        if old.1.is_over(keep.now) {
            return Ok(false);
        }
        let text = write(new.1, new.0)?;
        let expected = write(old.1, old.0)?;
        if self.records.replace(key, &expected, text.clone(), keep).await? {
            return Ok(true);
        }
        match self.records.get(key).await? {
            Some(there) if there != expected && self.read::<T>(key.kind, &there).as_ref() == Some(old.0) => {
                self.records.replace(key, &there, text, keep).await
            }
            _ => Ok(false),
        }
    }
}

fn write<T: Serialize>(until: Timestamp, record: T) -> Result<String, StoreError> {
    serde_json::to_string(&Kept { until, record }).map_err(|error| StoreError::new("writing a record", error))
}

const fn session(hash: &TokenHash) -> Key<'_> {
    Key { kind: Kind::Session, hash }
}

const fn sessions_of(hash: &TokenHash) -> Key<'_> {
    Key { kind: Kind::SessionsOf, hash }
}

const fn logout_token(hash: &TokenHash) -> Key<'_> {
    Key { kind: Kind::LogoutToken, hash }
}

const fn code(hash: &TokenHash) -> Key<'_> {
    Key { kind: Kind::Code, hash }
}

const fn interaction(hash: &TokenHash) -> Key<'_> {
    Key { kind: Kind::Interaction, hash }
}

const fn parked(hash: &TokenHash) -> Key<'_> {
    Key { kind: Kind::Parked, hash }
}

const fn departure(hash: &TokenHash) -> Key<'_> {
    Key { kind: Kind::Departure, hash }
}

const fn join(hash: &TokenHash) -> Key<'_> {
    Key { kind: Kind::Join, hash }
}

#[async_trait]
impl<R: Records> SessionStore for Ephemeral<R> {
    async fn put(&self, id: &TokenHash, record: &Session) -> Result<(), StoreError> {
        // Listed first: what is on a list and not there is passed over, what is there and not on it would stay when
        // the person signs out at the provider. What ends before its time stays on the list until then.
        for name in record.upstream.iter().flat_map(UpstreamSession::names) {
            self.records.enlist(sessions_of(&name), id, self.keep(record.expires_at)).await?;
        }
        self.store(session(id), record, record.expires_at).await
    }

    async fn find(&self, id: &TokenHash) -> Result<Option<Session>, StoreError> {
        self.find(session(id)).await
    }

    async fn replace(&self, id: &TokenHash, old: &Session, new: &Session) -> Result<bool, StoreError> {
        self.exchange(session(id), (old, old.expires_at), (new, new.expires_at)).await
    }

    async fn end(&self, id: &TokenHash) -> Result<(), StoreError> {
        self.records.remove(session(id)).await
    }

    async fn find_begun(&self, ended: &EndedThere) -> Result<Vec<(TokenHash, Session)>, StoreError> {
        let mut found = Vec::new();
        for id in self.records.listed(sessions_of(&ended.name())).await? {
            let there = self.find::<Session>(session(&id)).await?;
            let meant = there.filter(|there| there.upstream.as_ref().is_some_and(|begun| ended.means(begun)));
            found.extend(meant.map(|there| (id, there)));
        }
        Ok(found)
    }
}

#[async_trait]
impl<R: Records> LogoutTokenStore for Ephemeral<R> {
    async fn is_taken(&self, token: &TokenHash) -> Result<bool, StoreError> {
        Ok(self.records.get(logout_token(token)).await?.is_some())
    }

    async fn take(&self, token: &TokenHash, until: Timestamp) -> Result<bool, StoreError> {
        self.records.claim(logout_token(token), self.keep(until)).await
    }
}

#[async_trait]
impl<R: Records> CodeStore for Ephemeral<R> {
    async fn put(&self, hash: &TokenHash, grant: &CodeGrant) -> Result<(), StoreError> {
        self.store(code(hash), grant, grant.expires_at).await
    }

    async fn take(&self, hash: &TokenHash) -> Result<Taken, StoreError> {
        let taken = self.take(code(hash)).await?;
        Ok(taken.map_or(Taken::Unknown, |grant| Taken::Fresh(Box::new(grant))))
    }
}

#[async_trait]
impl<R: Records> InteractionStore for Ephemeral<R> {
    async fn put(&self, id: &TokenHash, record: &Interaction) -> Result<(), StoreError> {
        self.store(interaction(id), record, kept_until(record)).await
    }

    async fn find(&self, id: &TokenHash) -> Result<Option<Interaction>, StoreError> {
        self.find(interaction(id)).await
    }

    async fn replace(&self, id: &TokenHash, old: &Interaction, new: &Interaction) -> Result<bool, StoreError> {
        self.exchange(interaction(id), (old, kept_until(old)), (new, kept_until(new))).await
    }
}

fn kept_until(record: &Interaction) -> Timestamp {
    record.expires_at.plus(KEPT)
}

#[async_trait]
impl<R: Records> ParkedStore for Ephemeral<R> {
    async fn put(&self, id: &TokenHash, parameters: &str, expires_at: Timestamp) -> Result<(), StoreError> {
        self.store(parked(id), parameters, expires_at).await
    }

    async fn take(&self, id: &TokenHash) -> Result<Option<String>, StoreError> {
        self.take(parked(id)).await
    }
}

#[async_trait]
impl<R: Records> DepartureStore for Ephemeral<R> {
    async fn put(&self, state: &TokenHash, record: &Departure) -> Result<(), StoreError> {
        self.store(departure(state), record, record.expires_at.plus(KEPT)).await
    }

    async fn take(&self, state: &TokenHash) -> Result<Returned, StoreError> {
        let key = departure(state);
        let Some(found) = self.find::<Departure>(key).await? else { return Ok(Returned::Unknown) };
        let until = found.expires_at.plus(KEPT);
        if !found.came_back && !found.expires_at.is_over(self.clock.now()) {
            let used = Departure { came_back: true, ..found.clone() };
            if self.exchange(key, (&found, until), (&used, until)).await? {
                return Ok(Returned::First(Box::new(found)));
            }
        }
        Ok(Returned::Late(Box::new(found)))
    }
}

#[async_trait]
impl<R: Records> PendingJoinStore for Ephemeral<R> {
    async fn put(&self, id: &TokenHash, pending: &PendingJoin) -> Result<(), StoreError> {
        self.store(join(id), pending, pending.expires_at).await
    }

    async fn find(&self, id: &TokenHash) -> Result<Option<PendingJoin>, StoreError> {
        self.find(join(id)).await
    }
}

#[async_trait]
impl<R: Records> ThrottleStore for Ephemeral<R> {
    async fn read(&self, names: &[TokenHash]) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let instants = self.records.instants(Kind::Throttle, names).await?;
        let now = self.clock.now();
        Ok(instants.into_iter().map(|instant| instant.filter(|until| !until.is_over(now))).collect())
    }

    async fn add(&self, spans: &[(TokenHash, Duration)]) -> Result<(), StoreError> {
        self.records.advance(Kind::Throttle, spans, self.clock.now()).await
    }

    async fn forget(&self, name: &TokenHash) -> Result<(), StoreError> {
        self.records.remove(Key { kind: Kind::Throttle, hash: name }).await
    }
}

#[async_trait]
impl<R: Records> Maintenance for Ephemeral<R> {
    async fn ping(&self) -> Result<(), StoreError> {
        self.records.ping().await
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.records.sweep(now).await
    }
}
