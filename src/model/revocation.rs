//! The negative list: tokens that are no longer honoured though signature and expiry are good.
//!
//! Owns: what an entry covers. Does not own: storing and sharing it (`store`).

use std::collections::HashMap;
use std::time::Duration;

use crate::protocol::access_token::AccessTokenClaims;
use crate::protocol::ids::{ClientId, GrantId, SessionId, UserId};
use crate::protocol::time::Timestamp;

/// The longest life of an access token that configuration allows, and a minute for clocks that differ:
/// after that an entry covers nothing any more.
pub const ENTRY_LIFE: Duration = Duration::from_mins(24 * 60 + 1);

/// How long a change of a person is told: an instance that did not ask for as long forgets everybody.
const CHANGE_LIFE: Duration = Duration::from_mins(1);

/// What is no longer honoured.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Revoked {
    /// One access token, by its `jti`.
    Token(String),
    /// Every access token of a grant.
    Grant(GrantId),
    /// Codes of a session that was signed out.
    Session(SessionId),
    /// Access tokens of a client, issued before an instant.
    Client(ClientId),
    /// Access tokens of a person, issued before an instant.
    Person(UserId),
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// What it names.
    pub what: Revoked,
    /// Tokens issued before this are covered; looked at for a person and a client only.
    pub not_before: Timestamp,
    /// When nothing that it covers can be valid any more.
    pub expires_at: Timestamp,
}

impl Revocation {
    /// Of one access token.
    #[must_use]
    pub fn of_token(claims: &AccessTokenClaims, now: Timestamp) -> Self {
        let expires_at = Timestamp::from_seconds(claims.exp);
        Self { what: Revoked::Token(claims.jti.clone()), not_before: now, expires_at }
    }

    /// Of a grant.
    #[must_use]
    pub fn of_grant(grant: GrantId, now: Timestamp) -> Self {
        Self::from_now(Revoked::Grant(grant), now)
    }

    /// Of a session that was signed out.
    #[must_use]
    pub fn of_session(session: SessionId, now: Timestamp) -> Self {
        Self::from_now(Revoked::Session(session), now)
    }

    /// Of nothing: somebody was changed, so that what is remembered of them is out of date.
    #[must_use]
    pub fn of_change(person: UserId, now: Timestamp) -> Self {
        let (what, not_before) = (Revoked::Person(person), Timestamp::from_millis(0));
        Self { what, not_before, expires_at: now.plus(CHANGE_LIFE) }
    }

    /// Of everything that a person was given before `not_before`.
    #[must_use]
    pub fn of_person(person: UserId, not_before: Timestamp) -> Self {
        Self::from_now(Revoked::Person(person), not_before)
    }

    /// Of everything that a person was given or will be: they are gone for good.
    #[must_use]
    pub fn of_gone(person: UserId, now: Timestamp) -> Self {
        Self { not_before: Timestamp::from_millis(i64::MAX), ..Self::from_now(Revoked::Person(person), now) }
    }

    /// Of everything that a client was given before `not_before`.
    #[must_use]
    pub fn of_client(client: ClientId, not_before: Timestamp) -> Self {
        Self::from_now(Revoked::Client(client), not_before)
    }

    fn from_now(what: Revoked, now: Timestamp) -> Self {
        Self { what, not_before: now, expires_at: now.plus(ENTRY_LIFE) }
    }
}

/// Every entry, ready to be asked.
#[derive(Debug, Default)]
pub struct RevokedSet {
    /// By what they name: not-before, expiry.
    entries: HashMap<Revoked, (Timestamp, Timestamp)>,
}

impl RevokedSet {
    /// Adds an entry; of two for the same the wider stays.
    pub fn add(&mut self, entry: &Revocation) {
        let new = (entry.not_before, entry.expires_at);
        self.entries
            .entry(entry.what.clone())
            .and_modify(|old| *old = (old.0.max(new.0), old.1.max(new.1)))
            .or_insert(new);
    }

    /// Whether a token with these claims is covered.
    #[must_use]
    pub fn covers(&self, claims: &AccessTokenClaims) -> bool {
        let issued = claims.issued_at();
        let since = |what: &Revoked| self.has_ended_since(what, issued);
        self.has(&Revoked::Token(claims.jti.clone()))
            || claims.grant_id().is_some_and(|grant| self.has(&Revoked::Grant(grant)))
            || UserId::parse(&claims.sub).is_some_and(|person| since(&Revoked::Person(person)))
            || ClientId::parse(&claims.client_id).is_ok_and(|client| since(&Revoked::Client(client)))
    }

    /// Whether there is an entry for exactly that.
    #[must_use]
    pub fn has(&self, what: &Revoked) -> bool {
        self.entries.contains_key(what)
    }

    /// Whether a person or a client lost, after that instant, all that they had.
    #[must_use]
    pub fn has_ended_since(&self, what: &Revoked, instant: Timestamp) -> bool {
        self.entries.get(what).is_some_and(|(not_before, _)| instant < *not_before)
    }

    /// Drops what covers nothing any more.
    pub fn forget(&mut self, now: Timestamp) {
        self.entries.retain(|_, (_, expires_at)| !expires_at.is_over(now));
    }
}
