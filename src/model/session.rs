//! A browser session of a signed-in person.
//!
//! Owns: when it is over. Does not own: its secret id (`protocol/opaque`) or the cookie (`web/session`).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::identity::{IdentityKey, UpstreamAuthentication};
use crate::model::person::User;
use crate::model::upstream_session::UpstreamSession;
use crate::protocol::access_token::Authentication;
use crate::protocol::ids::{SessionId, UserId};
use crate::protocol::time::Timestamp;

/// The levels of sign-in that there are (OpenID Connect Core 2 `acr`): by password here, or at an external provider,
/// whatever it asked for.
pub const ACR_VALUES: [&str; 1] = ["1"];

/// What `amr` says first of a sign-in at an external provider; RFC 8176 has no name for it.
pub const FEDERATED: &str = "fed";

/// How a person signed in, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// The instant at which they came in here.
    pub at: Timestamp,
    /// The instant at which they proved who they are, where that was earlier and elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticated_at: Option<Timestamp>,
    /// OpenID Connect Core 2.
    pub acr: String,
    /// RFC 8176.
    pub amr: Vec<String>,
}

impl SignIn {
    /// By password alone.
    #[must_use]
    pub fn by_password(at: Timestamp) -> Self {
        let [acr] = ACR_VALUES;
        Self { at, authenticated_at: None, acr: acr.to_owned(), amr: vec!["pwd".to_owned()] }
    }

    /// At an external provider: what it says of how and when is passed on, after the word that it was elsewhere.
    #[must_use]
    pub fn elsewhere(at: Timestamp, there: &UpstreamAuthentication) -> Self {
        let [acr] = ACR_VALUES;
        let theirs = there.amr.iter().filter(|method| *method != FEDERATED).cloned();
        let amr = std::iter::once(FEDERATED.to_owned()).chain(theirs).collect();
        // A clock that is ahead of ours makes nobody's sign-in younger.
        Self { at, authenticated_at: there.at.filter(|there| *there < at), acr: acr.to_owned(), amr }
    }

    /// When they proved who they are: `auth_time`, which `max_age` is held against.
    #[must_use]
    pub fn authenticated(&self) -> Timestamp {
        self.authenticated_at.unwrap_or(self.at)
    }

    /// As tokens carry it.
    #[must_use]
    pub fn claims(&self) -> Authentication {
        Authentication { auth_time: self.authenticated().seconds(), acr: self.acr.clone(), amr: self.amr.clone() }
    }
}

/// How a session begins: how the person signed in, and through what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// How.
    pub sign_in: SignIn,
    /// Through which identity; `None`: by what we keep ourselves.
    pub upstream: Option<UpstreamSession>,
}

impl Beginning {
    /// By password alone.
    #[must_use]
    pub fn by_password(at: Timestamp) -> Self {
        Self { sign_in: SignIn::by_password(at), upstream: None }
    }

    /// Through an identity at an external provider.
    #[must_use]
    pub fn elsewhere(at: Timestamp, identity: &IdentityKey, there: &UpstreamAuthentication) -> Self {
        Self { sign_in: SignIn::elsewhere(at, there), upstream: Some(UpstreamSession::of(identity, there)) }
    }
}

/// A session as stored under the hash of its secret id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its public name.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// How they signed in.
    pub sign_in: SignIn,
    /// Through what it began, where that was an identity at an external provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<UpstreamSession>,
    /// When a request last carried it, to the minute.
    pub last_seen: Timestamp,
    /// When it is over whatever happens.
    pub expires_at: Timestamp,
}

impl Session {
    /// Whether it is live at `now` for this person: not idle too long, not too old, begun after the
    /// person's `valid_from`, and the person not disabled.
    #[must_use]
    pub fn is_live(&self, user: &User, idle: Duration, now: Timestamp) -> bool {
        let mine = self.user_id == user.id && !user.disabled;
        let begun_after = self.sign_in.at >= user.valid_from;
        mine && begun_after && !self.expires_at.is_over(now) && !self.last_seen.plus(idle).is_over(now)
    }
}
