//! Ports to what is kept, one small trait an aggregate, and the one way to open them.
//!
//! Owns: what each operation promises and what is atomic. Does not own: what the records mean (`model`).
//! The adapters are private: `sql` (sea-orm on SQLite and PostgreSQL), `redis`, and `ephemeral`, which writes the
//! ephemeral aggregates once over either.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::code_grant::CodeGrant;
use crate::model::consent::{Consent, Permission};
use crate::model::departure::Departure;
use crate::model::grant::Grant;
use crate::model::identity::{Identity, IdentityKey};
use crate::model::interaction::Interaction;
use crate::model::pending_join::PendingJoin;
use crate::model::person::{LoginName, StoredPassword, User, Username};
use crate::model::provider_tokens::{KeptTokens, SealedTokens};
use crate::model::refresh::{RefreshRules, Rotation};
use crate::model::revocation::Revocation;
use crate::model::sealed_key::{Sealed, SealedKey};
use crate::model::served::{Served, Settled};
use crate::model::session::Session;
use crate::model::upstream_session::EndedThere;
use crate::protocol::ids::{ClientId, GrantId, ProviderId, RoleName, SessionId, UserId};
use crate::protocol::opaque::TokenHash;
use crate::protocol::time::Timestamp;

#[cfg(test)]
mod contract;
mod ephemeral;
mod negative_list;
mod opening;
mod people;
mod redis;
mod sql;
mod sweeper;

pub use negative_list::{NegativeList, Stale};
pub use opening::{open, open_durable, probe};
pub use people::People;
pub use sweeper::sweep_forever;

/// A store could not answer. The cause is for the log, never for a client.
#[derive(Debug)]
pub struct StoreError {
    what: &'static str,
    cause: Box<dyn std::error::Error + Send + Sync>,
    passing: bool,
}

impl StoreError {
    /// `what` was being done, by name of the operation.
    pub fn new(what: &'static str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { what, cause: cause.into(), passing: false }
    }

    /// As it is, and it passes by itself: a server that is not there yet.
    #[must_use]
    pub fn passing(self) -> Self {
        Self { passing: true, ..self }
    }

    /// Whether it may be gone when the same is tried again later, without anybody's doing.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        self.passing
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "store: {}", self.what)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.cause.as_ref())
    }
}

/// What came of inserting a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserInserted {
    /// Stored.
    New,
    /// Another person has that username.
    UsernameTaken,
    /// Another person has that e-mail address.
    EmailTaken,
}

/// People. Durable: committed before the answer.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Stores a new person. Uniqueness of username and e-mail is the database's, so two at once give one `New`.
    /// The id of somebody who was deleted is an error.
    async fn insert(&self, user: &User) -> Result<UserInserted, StoreError>;
    /// Stores new people, all in one transaction and at most a thousand at once; what came of each, in
    /// their order. Whoever cannot be stored does not keep the others out; of two with one name in the
    /// list, the first is stored.
    async fn insert_many(&self, users: &[User]) -> Result<Vec<UserInserted>, StoreError>;
    /// By id.
    async fn find(&self, id: UserId) -> Result<Option<User>, StoreError>;
    /// By username or e-mail address, whichever the name is; one indexed read either way.
    async fn find_by_login(&self, name: &LoginName) -> Result<Option<User>, StoreError>;
    /// In order of username, after `after`, at most `limit`.
    async fn list(&self, after: Option<&Username>, limit: u64) -> Result<Vec<User>, StoreError>;
    /// Replaces the roles; false when there is no such person.
    async fn set_roles(&self, id: UserId, roles: &[RoleName], now: Timestamp) -> Result<bool, StoreError>;
    /// Replaces the name as shown; false when there is no such person.
    async fn set_name(&self, id: UserId, name: &str, now: Timestamp) -> Result<bool, StoreError>;
    /// Replaces the password if it still is `expected` (its PHC string), and moves `valid_from` to
    /// `now`, in one statement; false when another change came first. A change of `expected` to a hash
    /// of the same password (an upgrade) passes `keep_sessions` and leaves `valid_from`. Where it moves,
    /// the person's tokens go on the negative list (`Revocation::of_person` of `now`) with it.
    async fn set_password(
        &self,
        id: UserId,
        expected: &StoredPassword,
        new: &StoredPassword,
        keep_sessions: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Lets nobody in under that name any more, or lets them in again; false when there is no such person.
    /// Disabling ends sessions, grants and tokens for good: it moves `valid_from` to `ends` and puts the
    /// person on the negative list (`Revocation::of_person` of `ends`) in one transaction.
    async fn set_disabled(&self, id: UserId, disabled: bool, ends: Timestamp) -> Result<bool, StoreError>;
    /// Replaces the password whatever it was, and ends sessions, grants and tokens as disabling does, in one
    /// transaction; false when there is no such person.
    async fn reset_password(&self, id: UserId, new: &StoredPassword, ends: Timestamp) -> Result<bool, StoreError>;
    /// Erases the person with their password, consents and grants, and puts them on the negative list for good
    /// (`Revocation::of_gone`), all in one transaction. Of them only the id stays, with the instant: no other
    /// person gets it. False when there is no such person; whatever is left under the id is erased all the same.
    /// Every table that names people belongs into this.
    async fn delete(&self, id: UserId, now: Timestamp) -> Result<bool, StoreError>;
}

/// What came of joining an identity to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityInserted {
    /// It opens the account from now on.
    New,
    /// It opened that account before.
    Already,
    /// It opens the account of somebody else.
    Taken,
    /// The person is gone or disabled.
    NoPerson,
}

/// What came of making a person with their first identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonCreated {
    /// Both are stored.
    New,
    /// Another person has that username.
    UsernameTaken,
    /// Another person has that e-mail address.
    EmailTaken,
    /// The identity opens an account already.
    IdentityTaken,
}

/// What came of removing an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityRemoved {
    /// It opens nothing any more.
    Yes,
    /// It stays: without it the person could not sign in.
    LastWay,
    /// The person has no such identity.
    Unknown,
}

/// Identities at external providers, by provider, issuer and subject. Durable.
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// With the person whose account it opens, both as they were at one instant.
    async fn find(&self, key: &IdentityKey) -> Result<Option<(Identity, User)>, StoreError>;
    /// Of a person, in the order in which they were joined.
    async fn list(&self, user: UserId) -> Result<Vec<Identity>, StoreError>;
    /// Joins it to the person it names, who must be there and not disabled. Of any number that join one identity at
    /// once, one succeeds.
    async fn insert(&self, identity: &Identity) -> Result<IdentityInserted, StoreError>;
    /// Stores a new person with the identity that made them, both or neither.
    async fn create(&self, user: &User, identity: &Identity) -> Result<PersonCreated, StoreError>;
    /// Notes that it opened its account, and what its owner knows it by.
    async fn touch(&self, key: &IdentityKey, label: Option<&str>, now: Timestamp) -> Result<(), StoreError>;
    /// Removes an identity of a person unless it is the last way in: a password that is usable now is one, and so is
    /// each identity at one of the `usable` providers. Of any number that remove at once, the last way stays.
    async fn remove(
        &self,
        user: UserId,
        key: &IdentityKey,
        usable: &[ProviderId],
        now: Timestamp,
    ) -> Result<IdentityRemoved, StoreError>;
}

/// Tokens that providers gave for identities, sealed. Durable; they go with their identity. A change is decided from
/// what was found, by its revision, and happens only if that is still what is kept: false otherwise.
#[async_trait]
pub trait ProviderTokenStore: Send + Sync {
    /// Of an identity.
    async fn find(&self, key: &IdentityKey) -> Result<Option<KeptTokens>, StoreError>;
    /// Of every identity of a person, in the order in which these were joined.
    async fn list(&self, user: UserId) -> Result<Vec<KeptTokens>, StoreError>;
    /// Keeps these in the place of any others; false when there is no such identity.
    async fn put(&self, key: &IdentityKey, tokens: &SealedTokens) -> Result<bool, StoreError>;
    /// Removes whatever is kept of an identity.
    async fn forget(&self, key: &IdentityKey) -> Result<(), StoreError>;
    /// Lets one have them to itself until then, whom others leave the refreshing to: of any number at once, one succeeds.
    async fn claim(&self, found: &KeptTokens, until: Timestamp, now: Timestamp) -> Result<bool, StoreError>;
    /// Gives up that claim.
    async fn release(&self, found: &KeptTokens, until: Timestamp) -> Result<bool, StoreError>;
    /// Keeps new ones in the place of those; nobody claims them.
    async fn replace(&self, found: &KeptTokens, tokens: &SealedTokens) -> Result<bool, StoreError>;
    /// Removes those.
    async fn remove(&self, found: &KeptTokens) -> Result<bool, StoreError>;
    /// At most `limit` that another key-encryption key sealed than this.
    async fn sealed_by_others(&self, kek_id: &str, limit: u64) -> Result<Vec<KeptTokens>, StoreError>;
    /// Replaces the sealed bytes by others of the same tokens; a claim stays.
    async fn reseal(&self, found: &KeptTokens, sealed: &Sealed) -> Result<bool, StoreError>;
    /// How many identities have some.
    async fn count(&self) -> Result<usize, StoreError>;
}

/// Which clients were ever served, and since when what each has counts. Durable.
#[async_trait]
pub trait ClientStore: Send + Sync {
    /// Notes which clients are served from now on. What a client had is over when it is no longer served, and
    /// when it comes back: it goes on the negative list (`Revocation::of_client`) with the note, in one
    /// transaction; then its grants from before are marked as revoked. An earlier call that was cut short
    /// is completed, and one that finds nothing new changes nothing.
    async fn settle(&self, served: &Served, now: Timestamp) -> Result<Settled, StoreError>;
}

/// Remembered consents. Durable.
#[async_trait]
pub trait ConsentStore: Send + Sync {
    /// Of one person to one client.
    async fn find(&self, user: UserId, client: &ClientId) -> Result<Option<Consent>, StoreError>;
    /// Adds to it, making it where there is none; two at once lose nothing.
    async fn add(&self, user: UserId, client: &ClientId, more: &Permission, now: Timestamp) -> Result<(), StoreError>;
}

/// What came of inserting a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantInserted {
    /// Stored: this is the one redemption of its code.
    New,
    /// The code became a grant before: this is a replay, and that is the grant to revoke.
    CodeUsed(GrantId),
}

/// Grants. Durable; the unique key on the code's hash makes a code single-use whatever happens to the
/// ephemeral store.
#[async_trait]
pub trait GrantStore: Send + Sync {
    /// Stores a grant.
    async fn insert(&self, grant: &Grant) -> Result<GrantInserted, StoreError>;
    /// By id.
    async fn find(&self, id: GrantId) -> Result<Option<Grant>, StoreError>;
    /// By id, with the person whose it is, both as they were at one instant; none if either is gone.
    async fn find_with_person(&self, id: GrantId) -> Result<Option<(Grant, User)>, StoreError>;
    /// By the hash of the code it came from.
    async fn find_by_code(&self, code: &TokenHash) -> Result<Option<Grant>, StoreError>;
    /// Marks it revoked and puts it on the negative list in one transaction; an earlier mark stays.
    async fn revoke(&self, id: GrantId, now: Timestamp) -> Result<(), StoreError>;
    /// Presents a refresh token of that generation, whose MAC is good: [`crate::model::refresh::Family`]
    /// decides, and what it decides is applied in one compare-and-set. Of any number at once with one
    /// generation, one gets `Rotated`; the others are decided against what it left. `Reused` has revoked the
    /// grant, and put it on the negative list, in the same transaction. `found` is the grant as read before.
    async fn rotate(
        &self,
        found: &Grant,
        generation: u32,
        rules: &RefreshRules,
        now: Timestamp,
    ) -> Result<Rotation, StoreError>;
    /// The person signed out: ends the refresh tokens of that session's grants but those with
    /// `offline_access`, and puts these grants and the session on the negative list, in one transaction.
    /// The grants that ended.
    async fn end_session(&self, session: SessionId, now: Timestamp) -> Result<Vec<GrantId>, StoreError>;
}

/// The negative list. Durable: committed before the answer.
#[async_trait]
pub trait RevocationStore: Send + Sync {
    /// Adds an entry.
    async fn add(&self, revocation: &Revocation) -> Result<(), StoreError>;
    /// Every entry with a number above `after`, in their order, with its number. A number is never used
    /// twice; while transactions are under way a lower one may still come after a higher one.
    async fn since(&self, after: i64) -> Result<Vec<(i64, Revocation)>, StoreError>;
}

/// Who signs in place of a key that is revoked.
#[derive(Debug, Clone, Copy)]
pub enum Successor<'k> {
    /// A stored key that was to sign later: it signs at once.
    Pending(&'k SealedKey),
    /// A new key.
    New(&'k SealedKey),
}

/// Sealed keys. Durable. What a change is decided from is in `found`, and it happens only if that is still
/// so: false otherwise, and nothing is changed.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Every key, the revoked ones too; those of one use together, in the order of their numbers.
    async fn list(&self) -> Result<Vec<SealedKey>, StoreError>;
    /// Stores a new key if none has its use and number: of any number that add one to the same line at once,
    /// one is stored.
    async fn insert(&self, key: &SealedKey) -> Result<bool, StoreError>;
    /// Lets a key sign from another instant on.
    async fn hasten(&self, found: &SealedKey, signs_from: Timestamp) -> Result<bool, StoreError>;
    /// Revokes a key, erases what was sealed of it, and lets its successor sign from `now` on, all in one
    /// transaction; `None` when it was not the one that signs.
    async fn revoke(
        &self,
        found: &SealedKey,
        successor: Option<Successor<'_>>,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Replaces the sealed bytes by others of the same key.
    async fn reseal(&self, found: &SealedKey, sealed: &Sealed) -> Result<bool, StoreError>;
}

/// Browser sessions, by the hash of the secret id. Ephemeral: loss means "sign in again".
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Stores or replaces; gone by itself at `expires_at`. One that began at an external provider is found by that
    /// from then on.
    async fn put(&self, id: &TokenHash, session: &Session) -> Result<(), StoreError>;
    /// Looks up.
    async fn find(&self, id: &TokenHash) -> Result<Option<Session>, StoreError>;
    /// Replaces `old` by `new` if it still is `old`: an ended session is never revived by a touch.
    async fn replace(&self, id: &TokenHash, old: &Session, new: &Session) -> Result<bool, StoreError>;
    /// Ends it; it never comes back.
    async fn end(&self, id: &TokenHash) -> Result<(), StoreError>;
    /// Those that are there, began at an external provider and are meant, each with the hash of its id.
    async fn find_begun(&self, ended: &EndedThere) -> Result<Vec<(TokenHash, Session)>, StoreError>;
}

/// Logout tokens of external providers, by a hash of provider and `jti`. Ephemeral.
#[async_trait]
pub trait LogoutTokenStore: Send + Sync {
    /// Whether it was taken.
    async fn is_taken(&self, token: &TokenHash) -> Result<bool, StoreError>;
    /// Takes it, in one atomic step: of any number at once, one gets true, and nobody does again before `until`.
    async fn take(&self, token: &TokenHash, until: Timestamp) -> Result<bool, StoreError>;
}

/// What came out of the store for a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It was there and is gone now: nobody else gets it.
    Fresh(Box<CodeGrant>),
    /// Not there: never issued, expired, lost, or taken before. The durable store knows which codes
    /// became grants (`GrantStore::find_by_code`).
    Unknown,
}

/// Authorization codes, by hash. Ephemeral.
#[async_trait]
pub trait CodeStore: Send + Sync {
    /// Stores a fresh code until it expires.
    async fn put(&self, code: &TokenHash, grant: &CodeGrant) -> Result<(), StoreError>;
    /// Finds and removes in one atomic step: of any number at once, one gets it.
    async fn take(&self, code: &TokenHash) -> Result<Taken, StoreError>;
}

/// Transactions, by the hash of their id. Ephemeral; kept 24 hours beyond `expires_at`.
#[async_trait]
pub trait InteractionStore: Send + Sync {
    /// Stores a new one.
    async fn put(&self, id: &TokenHash, interaction: &Interaction) -> Result<(), StoreError>;
    /// Looks up, expired ones too.
    async fn find(&self, id: &TokenHash) -> Result<Option<Interaction>, StoreError>;
    /// Replaces `old` by `new` if it still is `old`; of two at once, one succeeds.
    async fn replace(&self, id: &TokenHash, old: &Interaction, new: &Interaction) -> Result<bool, StoreError>;
}

/// Parameters of a cross-site POST, waiting for the GET that follows it. Ephemeral.
#[async_trait]
pub trait ParkedStore: Send + Sync {
    /// Stores form parameters, encoded, until `expires_at`.
    async fn put(&self, id: &TokenHash, parameters: &str, expires_at: Timestamp) -> Result<(), StoreError>;
    /// Finds and removes in one atomic step.
    async fn take(&self, id: &TokenHash) -> Result<Option<String>, StoreError>;
}

/// What came out of the store for somebody who comes back from an external provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// The first of it, and in time: nobody else is.
    First(Box<Departure>),
    /// Somebody came back from it before, or it was over.
    Late(Box<Departure>),
    /// Not there: never begun, long over, or lost.
    Unknown,
}

/// People on their way to an external provider, by the hash of `state`. Ephemeral.
#[async_trait]
pub trait DepartureStore: Send + Sync {
    /// Stores a new one. It is kept for a day after it expired, so that who comes late can be led on.
    async fn put(&self, state: &TokenHash, departure: &Departure) -> Result<(), StoreError>;
    /// Finds and uses up in one atomic step: of any number who come back at once, one is the first.
    async fn take(&self, state: &TokenHash) -> Result<Returned, StoreError>;
}

/// Identities that wait for the proof of an account, by the hash of their id. Ephemeral: loss means "sign in again".
#[async_trait]
pub trait PendingJoinStore: Send + Sync {
    /// Stores; gone by itself at `expires_at`.
    async fn put(&self, id: &TokenHash, pending: &PendingJoin) -> Result<(), StoreError>;
    /// Looks up.
    async fn find(&self, id: &TokenHash) -> Result<Option<PendingJoin>, StoreError>;
}

/// Counters of failures, each the instant until which they are worked off (`model/throttle`), under names
/// that tell nobody who is counted. Ephemeral: loss means that counting begins anew.
#[async_trait]
pub trait ThrottleStore: Send + Sync {
    /// What each counter says, in the order of the names; `None` where nothing is left to work off.
    async fn read(&self, names: &[TokenHash]) -> Result<Vec<Option<Timestamp>>, StoreError>;
    /// Moves each counter on by its span, from now where nothing is left of it. Any number at once lose
    /// nothing.
    async fn add(&self, spans: &[(TokenHash, Duration)]) -> Result<(), StoreError>;
    /// Begins one anew.
    async fn forget(&self, name: &TokenHash) -> Result<(), StoreError>;
}

/// Housekeeping of a backend.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Whether it answers now.
    async fn ping(&self) -> Result<(), StoreError>;
    /// Removes what expired before `now`; the number removed. Nothing depends on it having run.
    async fn sweep(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// Every port, opened.
#[derive(Clone)]
pub struct Stores {
    /// People.
    pub users: Arc<dyn UserStore>,
    /// Identities elsewhere.
    pub identities: Arc<dyn IdentityStore>,
    /// Tokens of providers.
    pub provider_tokens: Arc<dyn ProviderTokenStore>,
    /// Which clients were served.
    pub clients: Arc<dyn ClientStore>,
    /// Remembered consents.
    pub consents: Arc<dyn ConsentStore>,
    /// Grants.
    pub grants: Arc<dyn GrantStore>,
    /// The negative list.
    pub revocations: Arc<dyn RevocationStore>,
    /// Sealed keys.
    pub keys: Arc<dyn KeyStore>,
    /// Sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Codes.
    pub codes: Arc<dyn CodeStore>,
    /// Transactions.
    pub interactions: Arc<dyn InteractionStore>,
    /// Parked parameters.
    pub parked: Arc<dyn ParkedStore>,
    /// Departures.
    pub departures: Arc<dyn DepartureStore>,
    /// Identities that wait for a proof.
    pub joins: Arc<dyn PendingJoinStore>,
    /// Logout tokens that were taken.
    pub logout_tokens: Arc<dyn LogoutTokenStore>,
    /// Counters of failures.
    pub throttle: Arc<dyn ThrottleStore>,
    /// The durable backend.
    pub durable: Arc<dyn Maintenance>,
    /// The ephemeral backend.
    pub ephemeral: Arc<dyn Maintenance>,
}
