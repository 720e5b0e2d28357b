//! One authorization request on its way through our pages.
//!
//! Owns: what is stored between two requests of the browser. Does not own: which page is next
//! (`model/next_step`).

use serde::{Deserialize, Serialize};

use crate::model::checked_request::CheckedRequest;
use crate::model::consent::Permission;
use crate::protocol::ids::{ClientId, UserId};
use crate::protocol::opaque::TokenHash;
use crate::protocol::time::Timestamp;

/// What a person allowed on the consent page of this transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentGiven {
    /// Who: an answer of somebody else does not count.
    pub by: UserId,
    /// What.
    #[serde(flatten)]
    pub permission: Permission,
}

/// How many sessions a transaction remembers: more than anybody clicks.
const SESSIONS: usize = 8;

/// Where the transaction stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "at")]
pub enum Progress {
    /// Under way.
    Open {
        /// Set by the consent page.
        consent: Option<ConsentGiven>,
        /// Who said no on the consent page.
        #[serde(default)]
        denied: Option<UserId>,
        /// The sessions that pages of this transaction made, the last ones. A form that was sent twice made two, and
        /// which of them the browser kept is known when it comes with it.
        #[serde(default)]
        sessions: Vec<TokenHash>,
        /// The account that was chosen on the page of accounts.
        #[serde(default)]
        account: Option<UserId>,
    },
    /// The answer was sent.
    Answered,
}

/// A transaction as stored under the hash of its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interaction {
    /// The client that asked.
    pub client_id: ClientId,
    /// What it asked.
    pub request: CheckedRequest,
    /// The hash of the cookie of the browser that it belongs to.
    pub browser: TokenHash,
    /// When it began.
    pub created_at: Timestamp,
    /// When it is over; the record stays longer, so that a new one can be made from it.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub progress: Progress,
}

impl Interaction {
    /// A new one.
    #[must_use]
    pub const fn begin(
        client_id: ClientId,
        request: CheckedRequest,
        browser: TokenHash,
        created_at: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        let progress = Progress::Open { consent: None, denied: None, sessions: Vec::new(), account: None };
        Self { client_id, request, browser, created_at, expires_at, progress }
    }

    /// The consent given in it, if any.
    #[must_use]
    pub const fn consent(&self) -> Option<&ConsentGiven> {
        match &self.progress {
            Progress::Open { consent, .. } => consent.as_ref(),
            Progress::Answered => None,
        }
    }

    /// Whether this person said no in it.
    #[must_use]
    pub fn is_denied_by(&self, user: UserId) -> bool {
        matches!(self.progress, Progress::Open { denied: Some(by), .. } if by == user)
    }

    /// Whether that session was made by a page of this transaction.
    #[must_use]
    pub fn has_made(&self, session: &TokenHash) -> bool {
        self.sessions().iter().any(|made| made.matches(session))
    }

    /// The sessions that pages of this transaction made.
    #[must_use]
    pub fn sessions(&self) -> &[TokenHash] {
        match &self.progress {
            Progress::Open { sessions, .. } => sessions,
            Progress::Answered => &[],
        }
    }

    /// The account that was chosen in it, if any.
    #[must_use]
    pub const fn account(&self) -> Option<UserId> {
        match &self.progress {
            Progress::Open { account, .. } => *account,
            Progress::Answered => None,
        }
    }

    /// Whether its answer was sent.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        matches!(self.progress, Progress::Answered)
    }

    /// With a yes of the consent page; a no from before is taken back.
    #[must_use]
    pub fn with_consent(mut self, given: ConsentGiven) -> Self {
        if let Progress::Open { consent, denied, .. } = &mut self.progress {
            (*consent, *denied) = (Some(given), None);
        }
        self
    }

    /// With a no of the consent page.
    #[must_use]
    pub fn with_denial(mut self, by: UserId) -> Self {
        if let Progress::Open { consent, denied, .. } = &mut self.progress {
            (*consent, *denied) = (None, Some(by));
        }
        self
    }

    /// With the account that was chosen.
    #[must_use]
    pub const fn with_account(mut self, chosen: UserId) -> Self {
        if let Progress::Open { account, .. } = &mut self.progress {
            *account = Some(chosen);
        }
        self
    }

    /// With a session that one of its pages made.
    #[must_use]
    pub fn with_session(mut self, made: TokenHash) -> Self {
        if let Progress::Open { sessions, .. } = &mut self.progress {
            sessions.push(made);
            sessions.drain(..sessions.len().saturating_sub(SESSIONS));
        }
        self
    }

    /// With its answer sent.
    #[must_use]
    pub fn answered(mut self) -> Self {
        self.progress = Progress::Answered;
        self
    }
}
