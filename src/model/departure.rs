//! A person on their way to an external provider and back.
//!
//! Owns: what is kept of it under the hash of `state`, and how the secrets of it come from `state` and the browser's
//! cookie, so that no store holds them. Does not own: the requests (`upstream`) or the pages (`endpoints/login`).

use serde::{Deserialize, Serialize};

use crate::protocol::ids::{ProviderId, UserId};
use crate::protocol::opaque::{OpaqueToken, TokenHash};
use crate::protocol::time::Timestamp;

/// What for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "to")]
pub enum Errand {
    /// To sign in.
    SignIn {
        /// The transaction that it belongs to, hidden (`DepartureSecrets::hide`); `None`: none.
        transaction: Option<String>,
        /// Where a person without a transaction goes afterwards: the account page instead of the home page.
        to_account: bool,
        /// The joining that this sign-in is to prove the account for, hidden likewise.
        join: Option<String>,
    },
    /// To link what comes back to the account of somebody who is signed in.
    Link {
        /// Whose.
        user: UserId,
        /// In which session.
        session: TokenHash,
    },
}

/// A departure as stored under the hash of its `state`. Who comes back first is let on; who comes again, or too late, is
/// shown where it was to lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departure {
    /// Where to.
    pub provider: ProviderId,
    /// The hash of the cookie of the browser that left.
    pub browser: TokenHash,
    /// What for.
    pub errand: Errand,
    /// The oldest sign-in there that will do (`max_age`, `prompt=login`); `None`: any.
    pub authenticated_after: Option<Timestamp>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it is over.
    pub expires_at: Timestamp,
    /// Whether somebody came back from it.
    #[serde(default)]
    pub came_back: bool,
}

/// The secrets of one departure: from the browser's secret, which no store has and the provider never sees, and
/// `state`, which is new each time.
#[derive(Debug, Clone, Copy)]
pub struct DepartureSecrets<'a> {
    /// The browser's.
    pub browser: &'a OpaqueToken,
    /// `state`.
    pub state: &'a OpaqueToken,
}

impl DepartureSecrets<'_> {
    /// The `code_verifier` (RFC 7636 4.1): 43 characters.
    #[must_use]
    pub fn code_verifier(&self) -> String {
        self.browser.derive(&self.purpose("code_verifier"))
    }

    /// The `nonce` (OpenID Connect Core 3.1.2.1): 43 characters.
    #[must_use]
    pub fn nonce(&self) -> String {
        self.browser.derive(&self.purpose("nonce"))
    }

    /// The id of a transaction, or of a joining, as the departure keeps it.
    #[must_use]
    pub fn hide(&self, what: Hidden, id: &OpaqueToken) -> String {
        self.browser.hide(&self.purpose(what.as_str()), id)
    }

    /// The reverse.
    #[must_use]
    pub fn reveal(&self, what: Hidden, hidden: &str) -> Option<OpaqueToken> {
        self.browser.reveal(&self.purpose(what.as_str()), hidden)
    }

    fn purpose(&self, what: &str) -> String {
        format!("departure {what} {}", self.state.expose())
    }
}

/// Which id is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// Of a transaction.
    Transaction,
    /// Of a joining.
    Join,
}

impl Hidden {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Transaction => "transaction",
            Self::Join => "join",
        }
    }
}
