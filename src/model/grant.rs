//! A grant: one person's permission to one client, from which access tokens come.
//!
//! Owns: the durable record and whether it still holds. Does not own: tokens (`tokens`).

use crate::model::person::User;
use crate::model::refresh::Family;
use crate::protocol::claims::SingleClaims;
use crate::protocol::ids::{ClientId, GrantId, SessionId, UserId};
use crate::protocol::opaque::TokenHash;
use crate::protocol::scope::Scopes;
use crate::protocol::time::Timestamp;

/// A grant as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The first half of `jti`.
    pub id: GrantId,
    /// Who granted.
    pub user_id: UserId,
    /// To whom.
    pub client_id: ClientId,
    /// What.
    pub scope: Scopes,
    /// Single claims beside those of the scopes.
    pub claims: SingleClaims,
    /// The hash of the code it came from, unique: a second redemption is refused by it.
    pub code: Option<TokenHash>,
    /// The session it came from; none for the password grant.
    pub session_id: Option<SessionId>,
    /// When.
    pub created_at: Timestamp,
    /// When no token or code of it can be valid any more and the row may go.
    pub expires_at: Timestamp,
    /// Set once, by a replay or by an act of the person or an admin.
    pub revoked_at: Option<Timestamp>,
    /// Its refresh tokens, when it gave any.
    pub refresh: Option<Family>,
}

impl Grant {
    /// Whether tokens of this grant are still honoured for this person.
    #[must_use]
    pub fn holds(&self, user: &User) -> bool {
        self.revoked_at.is_none() && self.user_id == user.id && !user.disabled && self.created_at >= user.valid_from
    }
}
