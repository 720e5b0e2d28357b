//! An identity that waits for the owner of an account to prove that the account is theirs.
//!
//! Owns: what is kept of it under the hash of its id. Does not own: whether it may be joined, which is decided anew from
//! the present state (`model/joining`).

use serde::{Deserialize, Serialize};

use crate::model::identity::{ExternalProfile, IdentityKey, UpstreamAuthentication};
use crate::model::provider_tokens::SealedTokens;
use crate::protocol::ids::UserId;
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::protocol::time::Timestamp;

/// A joining as stored under the hash of its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingJoin {
    /// The identity that came: no other is joined.
    pub key: IdentityKey,
    /// What its provider says of the person.
    pub profile: ExternalProfile,
    /// How they were authenticated there, for an account of its own.
    pub authentication: UpstreamAuthentication,
    /// The tokens that its provider gave, where they are to be kept.
    pub tokens: Option<SealedTokens>,
    /// The account that has its address: no other is joined to.
    pub user: UserId,
    /// The hash of the cookie of the browser in which it came.
    pub browser: TokenHash,
    /// The transaction that it belongs to, hidden; `None`: none.
    pub transaction: Option<String>,
    /// Where a person without a transaction goes afterwards: the account page instead of the home page.
    pub to_account: bool,
    /// When it is over.
    pub expires_at: Timestamp,
}

impl PendingJoin {
    /// A transaction's id as a record under `id` keeps it: readable only with the browser's cookie.
    #[must_use]
    pub fn hide(browser: &OpaqueToken, id: &OpaqueToken, transaction: &OpaqueToken) -> String {
        browser.hide(&purpose(id), transaction)
    }

    /// The reverse: the id of its transaction.
    #[must_use]
    pub fn reveal(&self, browser: &OpaqueToken, id: &OpaqueToken) -> Option<OpaqueToken> {
        browser.reveal(&purpose(id), self.transaction.as_deref()?)
    }
}

fn purpose(id: &OpaqueToken) -> String {
    format!("join transaction {}", id.expose())
}
