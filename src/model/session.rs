//! A browser session of a signed-in person.
//!
//! Owns: when it is over. Does not own: its secret id (`protocol/opaque`) or the cookie (`web/session`).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::person::User;
use crate::protocol::access_token::Authentication;
use crate::protocol::ids::{SessionId, UserId};
use crate::protocol::time::Timestamp;

/// The levels of sign-in that there are (OpenID Connect Core 2 `acr`): by password.
pub const ACR_VALUES: [&str; 1] = ["1"];

/// How a person signed in, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// The instant.
    pub at: Timestamp,
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
        Self { at, acr: acr.to_owned(), amr: vec!["pwd".to_owned()] }
    }

    /// As tokens carry it.
    #[must_use]
    pub fn claims(&self) -> Authentication {
        Authentication { auth_time: self.at.seconds(), acr: self.acr.clone(), amr: self.amr.clone() }
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
