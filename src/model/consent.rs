//! What a person has allowed a client: a permission, and the one that is remembered.
//!
//! Owns: the records and the arithmetic of permissions. Does not own: when they are used (`model/next_step`).

use serde::{Deserialize, Serialize};

use crate::protocol::claims::Claims;
use crate::protocol::ids::{ClientId, UserId};
use crate::protocol::scope::Scopes;
use crate::protocol::time::Timestamp;

/// Scopes, and single claims that none of them opens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// Scopes.
    pub scope: Scopes,
    /// Claims by name (OpenID Connect Core 5.5).
    #[serde(default)]
    pub claims: Claims,
}

impl Permission {
    /// Whether it permits nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scope.is_empty() && self.claims.is_empty()
    }

    /// What of it `other` permits too; a scope permits the claims that it opens.
    #[must_use]
    pub fn covered_by(&self, other: &Self) -> Self {
        let claims = other.claims.union(&Claims::opened_by(&other.scope));
        Self { scope: self.scope.filter(|scope| other.scope.contains(scope)), claims: self.claims.both(&claims) }
    }

    /// What of it is not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self { scope: self.scope.without(&other.scope), claims: self.claims.without(&other.claims) }
    }

    /// All of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self { scope: self.scope.union(&other.scope), claims: self.claims.union(&other.claims) }
    }
}

/// One remembered consent: a person, a client, everything allowed so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Who allowed.
    pub user_id: UserId,
    /// To whom.
    pub client_id: ClientId,
    /// Everything allowed so far, by name: in which order it was allowed does not matter.
    pub permission: Permission,
    /// When last added to.
    pub updated_at: Timestamp,
}
